import type { Event } from "./events";

/** The number of events in one response. */
export const PAGE = 1000;

/**
 * Events of an execution or of one of its task runs, by seq, without a gap from the first up to seq `to`. `whole`:
 * there are none before the first.
 */
export type History = { events: readonly Event[]; to: number; whole: boolean };

/** Adds the newest page, read when the execution was at seq `asOf`; drops the events before a gap. */
export function withNewest(known: History | undefined, page: readonly Event[], asOf: number): History {
  const to = Math.max(asOf, page.at(-1)?.seq ?? 0);
  const first = page[0]?.seq;
  if (page.length < PAGE || first === undefined) return { events: page, to, whole: true };
  if (!known || first > known.to + 1) return { events: page, to, whole: false };
  return { ...known, events: [...known.events.filter(({ seq }) => seq < first), ...page], to };
}

/** Adds the page before an event; ignored when that event is no longer the first. */
export function withEarlier(known: History, page: readonly Event[], before: number): History {
  if (known.events[0]?.seq !== before) return known;
  return { ...known, events: [...page, ...known.events], whole: page.length < PAGE };
}

/** Events from the execution's changes: all from the first of them up to `seq`. */
export type Live = { events: readonly Event[]; seq: number };

/** Whether events between the known and the live ones are missing. */
export function hasHole(known: History, { events, seq }: Live): boolean {
  return (events[0]?.seq ?? seq + 1) > known.to + 1;
}

/** Adds live events of one task run or of all; unchanged when events in between are missing. */
export function withLive(known: History, live: Live, taskRunId: string | undefined): History {
  if (live.seq <= known.to || hasHole(known, live)) return known;
  const isOurs = (event: Event) =>
    event.seq > known.to && (taskRunId === undefined || event.taskRun?.id === taskRunId);
  const fresh = live.events.filter(isOurs);
  return { ...known, events: fresh.length ? [...known.events, ...fresh] : known.events, to: live.seq };
}
