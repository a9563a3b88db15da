import { useLink } from "@/shared/graphql/link";
import { formatDuration, formatTicking, secondsBetween } from "@/shared/lib/duration";
import { useMoment } from "@/shared/lib/moment";
import { useNow } from "@/shared/lib/now";

type Props = { startedAt: string | null; endedAt: string | null; idle?: number; follow?: boolean };

/**
 * A duration without the `idle` seconds between an end and a restart. Updated every second while it runs and the page
 * is live; frozen and marked when the connection is lost. At an earlier moment, the duration up to then.
 */
export function Duration({ startedAt, endedAt, idle = 0, follow = true }: Props) {
  const { phase } = useLink();
  const moment = useMoment();
  const running = startedAt !== null && endedAt === null && moment === null;
  const ticking = running && follow && phase === "live";
  const now = useNow(ticking);
  const between = secondsBetween(startedAt, endedAt, moment ?? now);
  if (between === null) return <span title="not started">–</span>;
  const seconds = Math.max(0, between - idle);
  if (!running) return <span>{formatDuration(seconds)}</span>;
  return (
    <span title={ticking ? undefined : "not followed live"} style={ticking ? undefined : { opacity: 0.65 }}>
      {formatTicking(seconds)}
      {ticking ? "" : "+"}
    </span>
  );
}
