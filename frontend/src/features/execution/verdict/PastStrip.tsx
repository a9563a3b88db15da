import { Button } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import type { ExecutionRecord } from "@/entities/execution/record";
import { formatDuration } from "@/shared/lib/duration";
import { formatInteger } from "@/shared/lib/number";
import { usePreferences } from "@/shared/lib/preferences";
import { formatTime } from "@/shared/lib/time";
import type { Facts } from "../useFacts";
import type { Moment } from "../useMomentEvent";
import type { Selection } from "../useSelection";
import { RunFacts } from "./RunFacts";
import { Strip } from "./Strip";
import classes from "./Strip.module.css";
import { countsThen, momentWords } from "./sentence";

type Props = {
  record: ExecutionRecord;
  live: ExecutionRecord | undefined;
  facts: Facts | undefined;
  at: number;
  /** The event of the shown moment; undefined until it is read. */
  event: Moment | undefined;
  select: Selection["select"];
};

/** Says that an earlier moment is shown, which one, and links back. */
export function PastStrip({ record, live, facts, at, event, select }: Props) {
  const { zone } = usePreferences();
  const last = live?.seq ?? at;
  const ended = live?.head.endedAt;
  const before = ended && event ? (Date.parse(ended) - Date.parse(event.at)) / 1000 : null;
  const step = (to: number) => select({ at: to }, { replace: true });
  return (
    <Strip
      label="An earlier moment"
      tone="at"
      who={
        <>
          The page as it was{before !== null && before > 0 && `, ${formatDuration(before)} before the end`} ·
          event {formatInteger(at)} of {formatInteger(last)}
        </>
      }
      cause={event ? `${formatTime(event.at, zone)}: ${momentWords(event)}` : "\u00a0"}
      also={countsThen(record.taskRuns.values())}
      fix={
        <>
          <Button
            leftSection={<IconChevronLeft size={16} stroke={1.75} aria-hidden />}
            aria-label="Event before"
            disabled={at <= 1}
            onClick={() => step(at - 1)}
          >
            Event
          </Button>
          <Button
            rightSection={<IconChevronRight size={16} stroke={1.75} aria-hidden />}
            aria-label="Event after"
            disabled={at >= last}
            onClick={() => step(at + 1)}
          >
            Event
          </Button>
          <Button variant="filled" onClick={() => select({ at: undefined })}>
            {ended ? "Back to the end" : "Back to live"}
            <kbd className={classes.key} aria-hidden>
              Esc
            </kbd>
          </Button>
        </>
      }
      facts={live?.head.failure && <RunFacts head={live.head} facts={facts} />}
    />
  );
}
