import { Button } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { plural } from "@/shared/lib/number";
import { keep, kept } from "@/shared/lib/preferences";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { Segments } from "@/shared/ui/Segments";
import { TabWaiting } from "../inspector/TabWaiting";
import type { TabProps } from "../inspector/tabs";
import { useSelection } from "../useSelection";
import { EventRow } from "./EventRow";
import classes from "./EventsTab.module.css";
import { type Event, isMain } from "./events";
import { useEvents } from "./useEvents";
import { useWanted, type Wanted } from "./useWanted";

const KEPT = "headway.events";
const NEAR = 40;
const ROW = 30;

const WHICH = { main: "Main events", all: "All" } as const;

/** The events in order, newest last; a click shows the page as it was after that event. */
export function EventsTab({ record, taskRun }: TabProps) {
  const [all, setAll] = useState(() => kept<boolean>(KEPT) ?? false);
  const history = useEvents(record, taskRun?.id);
  const { events, error, loading, hasEarlier, readEarlier } = history;
  const [wanted, want] = useWanted(history, taskRun?.id);
  const shown = useMemo(
    () => (all ? events : events.filter((event) => isMain(event) || event.seq === wanted?.seq)),
    [events, all, wanted],
  );
  const choose = (value: keyof typeof WHICH) => {
    keep(KEPT, value === "all");
    setAll(value === "all");
  };
  return (
    <>
      <div className={classes.tools}>
        <Segments label="Which events" options={WHICH} value={all ? "all" : "main"} onChange={choose} />
        <span className={classes.quiet}>{loading ? "" : plural(shown.length, "event")}</span>
        {hasEarlier && (
          <Button variant="subtle" onClick={readEarlier}>
            Earlier events
          </Button>
        )}
      </div>
      {taskRun?.task.type === "foreach" && (
        <p className={classes.note}>
          Events of its iterations are shown with each of their tasks, and with the whole execution.
        </p>
      )}
      {error && <ErrorState error={error} what="Events" />}
      {loading && <TabWaiting label="Loading events" />}
      {!loading && !error && !shown.length && <EmptyState title="No events yet." />}
      {shown.length > 0 && (
        <EventList
          key={taskRun?.id}
          events={shown}
          record={record}
          onStart={hasEarlier ? readEarlier : undefined}
          wanted={wanted}
          goTo={want}
        />
      )}
    </>
  );
}

type Props = {
  events: readonly Event[];
  record: TabProps["record"];
  /** Called near the beginning of the list, when earlier events may exist. */
  onStart: (() => void) | undefined;
  /** The seq of an event to scroll to once it is loaded. */
  wanted: Wanted | undefined;
  goTo: (seq: number) => void;
};

function EventList({ events, record, onStart, wanted, goTo }: Props) {
  const { at } = useSelection();
  const scroller = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(at === undefined);
  const list = useVirtualizer({
    count: events.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    getItemKey: (index) => events[index]!.seq,
    overscan: 12,
  });
  const last = events.at(-1)?.seq;
  const first = events[0]?.seq;

  // biome-ignore lint/correctness/useExhaustiveDependencies: it follows the last event
  useLayoutEffect(() => {
    if (follows) list.scrollToIndex(events.length - 1, { align: "end" });
  }, [follows, last]);
  // Earlier events are inserted above: the scroll position stays.
  const before = useRef(first);
  useLayoutEffect(() => {
    if (before.current !== undefined && first !== undefined && first < before.current)
      list.scrollToIndex(
        events.findIndex((event) => event.seq === before.current),
        { align: "start" },
      );
    before.current = first;
  }, [first, events, list]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it scrolls to a moment once, when it is chosen
  useEffect(() => {
    const index = at === undefined ? -1 : events.findLastIndex((event) => event.seq <= at);
    if (index >= 0 && !list.getVirtualItems().some((item) => item.index === index))
      list.scrollToIndex(index, { align: "center" });
  }, [at]);
  const isThere = wanted !== undefined && events.some(({ seq }) => seq === wanted.seq);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it scrolls to an event once, when it is wanted and loaded
  useEffect(() => {
    if (!isThere) return;
    setFollows(false);
    list.scrollToIndex(
      events.findIndex(({ seq }) => seq === wanted.seq),
      { align: "center" },
    );
  }, [wanted, isThere]);

  const scrolled = () => {
    const box = scroller.current;
    if (!box) return;
    setFollows(box.scrollHeight - box.scrollTop - box.clientHeight < NEAR);
    if (box.scrollTop < NEAR) onStart?.();
  };
  return (
    <div className={classes.frame}>
      <div
        ref={scroller}
        className={classes.scroller}
        onScroll={scrolled}
        tabIndex={0}
        role="group"
        aria-label="Events"
      >
        <ol className={classes.list} style={{ height: list.getTotalSize() }}>
          {list.getVirtualItems().map((item) => (
            <EventRow
              key={item.key}
              ref={list.measureElement}
              index={item.index}
              top={item.start}
              of={events.length}
              event={events[item.index]!}
              record={record}
              pointed={wanted?.seq === events[item.index]!.seq}
              goTo={goTo}
            />
          ))}
        </ol>
      </div>
      {!follows && (
        <Button className={classes.newest} onClick={() => setFollows(true)}>
          Newest events
        </Button>
      )}
    </div>
  );
}
