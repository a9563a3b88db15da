import { IconBraces } from "@tabler/icons-react";
import { type Ref, useState } from "react";
import type { ExecutionRecord } from "@/entities/execution/record";
import { EventDataDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { usePreferences } from "@/shared/lib/preferences";
import { formatClock, formatExact } from "@/shared/lib/time";
import { ErrorState } from "@/shared/ui/ErrorState";
import { JsonTree } from "@/shared/ui/JsonTree";
import { StateGlyph } from "@/shared/ui/StateGlyph";
import { useSelection } from "../useSelection";
import { causeOf } from "./cause";
import classes from "./EventsTab.module.css";
import { type Event, isFailure, markOf, sentenceOf, whoDid } from "./events";

type Props = {
  event: Event;
  record: ExecutionRecord;
  index: number;
  top: number;
  of: number;
  pointed: boolean;
  goTo: (seq: number) => void;
  ref: Ref<HTMLLIElement>;
};

export function EventRow({ event, record, index, top, of, pointed, goTo, ref }: Props) {
  const { at, select } = useSelection();
  const { zone } = usePreferences();
  const [open, setOpen] = useState(false);
  const { subject, words } = sentenceOf(event);
  const { shape, tone } = markOf(event);
  const cause = causeOf(event, record);
  const who = whoDid(event);
  return (
    <li
      ref={ref}
      data-index={index}
      aria-setsize={of}
      aria-posinset={index + 1}
      aria-current={at === event.seq || undefined}
      className={classes.event}
      data-failed={isFailure(event) || undefined}
      data-pointed={pointed || undefined}
      style={{ transform: `translateY(${top}px)` }}
    >
      <button
        type="button"
        className={classes.moment}
        title={`Event ${event.seq}, ${formatExact(event.at)}: show the page as it was then`}
        onClick={() => select({ at: event.seq })}
      >
        {formatClock(event.at, zone)}
      </button>
      <span className={classes.mark} data-tone={tone}>
        <StateGlyph shape={shape} size={14} />
      </span>
      <div className={classes.what}>
        <span>
          <b>{subject}</b> {words}
          {who && <span className={classes.quiet}> {who}</span>}
        </span>
        {cause && <p className={classes.cause}>{cause}</p>}
        {event.reason && <p className={classes.reason}>“{event.reason}”</p>}
        {open && <Data id={event.id} />}
      </div>
      {event.causedBy !== null && (
        <button
          type="button"
          className={classes.because}
          title={`Show event ${event.causedBy}`}
          onClick={() => goTo(event.causedBy!)}
        >
          caused by event {event.causedBy}
        </button>
      )}
      <button
        type="button"
        className={classes.open}
        aria-expanded={open}
        aria-label={`Data of event ${event.seq}`}
        onClick={() => setOpen(!open)}
      >
        <IconBraces size={14} stroke={1.75} aria-hidden />
      </button>
    </li>
  );
}

function Data({ id }: { id: string }) {
  const { data, error } = useRead(EventDataDocument, { id });
  if (error && !data) return <ErrorState error={error} what="The event" />;
  const node = data?.node;
  return node && "data" in node ? <JsonTree label="Data of the event" value={node.data} /> : null;
}
