import type { ReactNode } from "react";
import { useLink } from "@/shared/graphql/link";
import { formatDuration } from "@/shared/lib/duration";
import { useMoment } from "@/shared/lib/moment";
import { useNow } from "@/shared/lib/now";
import { Duration } from "@/shared/ui/Duration";
import { Time } from "@/shared/ui/Time";
import classes from "./StateStrip.module.css";
import { type Step, segmentsOf, waitedForRetries } from "./strip";

type Props = {
  badge: ReactNode;
  steps: readonly Step[];
  startedAt: string | null;
  endedAt: string | null;
  idle?: number;
};

/** The state and its history: one bar with a segment for each state, as long as it lasted. */
export function StateStrip({ badge, steps, startedAt, idle, ...props }: Props) {
  const moment = useMoment();
  const endedAt = props.endedAt ?? (moment === null ? null : new Date(moment).toISOString());
  const { phase } = useLink();
  const now = useNow(!endedAt && phase === "live");
  const segments = segmentsOf(steps, endedAt ? Date.parse(endedAt) : now);
  const retries = waitedForRetries(segments);
  const first = steps[0];
  return (
    <div className={classes.strip}>
      <p className={classes.now}>
        {badge}
        <span className={classes.fact}>
          {startedAt ? (
            <Duration startedAt={startedAt} endedAt={endedAt} {...(idle && { idle })} />
          ) : (
            "not started"
          )}
          {retries > 0 && `, including ${formatDuration(retries)} waiting for retries`}
        </span>
      </p>
      {first && segments.length > 0 && (
        <>
          <div className={classes.bar} role="img" aria-label={segments.map((one) => one.words).join(", ")}>
            {segments.map((one, at) => (
              <span
                // biome-ignore lint/suspicious/noArrayIndexKey: states are only ever added at the end
                key={at}
                className={classes.segment}
                data-look={one.look}
                title={one.words}
                style={{ flexGrow: Math.max(one.seconds, 0.001) }}
              />
            ))}
          </div>
          <p className={classes.ends}>
            <Time at={first.at} />
            {endedAt ? <Time at={endedAt} /> : <span>now</span>}
          </p>
        </>
      )}
    </div>
  );
}
