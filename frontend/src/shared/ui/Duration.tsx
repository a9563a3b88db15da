import { useLink } from "@/shared/graphql/link";
import { formatDuration, formatTicking, secondsBetween } from "@/shared/lib/duration";
import { useNow } from "@/shared/lib/now";

type Props = { startedAt: string | null; endedAt: string | null; follow?: boolean };

/** Ticks while it runs and the page is live; stands still, marked as such, when nothing newer can be known. */
export function Duration({ startedAt, endedAt, follow = true }: Props) {
  const { phase } = useLink();
  const running = startedAt !== null && endedAt === null;
  const ticking = running && follow && phase === "live";
  const now = useNow(ticking);
  const seconds = secondsBetween(startedAt, endedAt, now);
  if (seconds === null) return <span title="not started">–</span>;
  if (!running) return <span>{formatDuration(seconds)}</span>;
  return (
    <span title={ticking ? undefined : "not followed live"} style={ticking ? undefined : { opacity: 0.65 }}>
      {formatTicking(seconds)}
      {ticking ? "" : "+"}
    </span>
  );
}
