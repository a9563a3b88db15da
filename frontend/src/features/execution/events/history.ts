import type { Event } from "./events";

/** As many as one request gives. */
export const PAGE = 1000;

/**
 * Events of an execution or of one of its task runs, by seq, with none missing between the first and `to`. `whole`:
 * none came before the first.
 */
export type History = { events: readonly Event[]; to: number; whole: boolean };

/** With the newest page, which was asked for when the execution was at `asOf`; what lies before a hole is let go. */
export function withNewest(known: History | undefined, page: readonly Event[], asOf: number): History {
  const to = Math.max(asOf, page.at(-1)?.seq ?? 0);
  const first = page[0]?.seq;
  if (page.length < PAGE || first === undefined) return { events: page, to, whole: true };
  if (!known || first > known.to + 1) return { events: page, to, whole: false };
  return { ...known, events: [...known.events.filter(({ seq }) => seq < first), ...page], to };
}

/** With the page before an event; it is of no use when that is no longer the first. */
export function withEarlier(known: History, page: readonly Event[], before: number): History {
  if (known.events[0]?.seq !== before) return known;
  return { ...known, events: [...page, ...known.events], whole: page.length < PAGE };
}

/** What the execution's changes brought: all events from the first of them up to `seq`. */
export type Live = { events: readonly Event[]; seq: number };

/** Whether events are missing between what is known and what came. */
export function hasHole(known: History, { events, seq }: Live): boolean {
  return (events[0]?.seq ?? seq + 1) > known.to + 1;
}

/** With what came, of one task run or of all; as it was when events are missing between. */
export function withLive(known: History, live: Live, taskRunId: string | undefined): History {
  if (live.seq <= known.to || hasHole(known, live)) return known;
  const isOurs = (event: Event) =>
    event.seq > known.to && (taskRunId === undefined || event.taskRun?.id === taskRunId);
  const fresh = live.events.filter(isOurs);
  return { ...known, events: fresh.length ? [...known.events, ...fresh] : known.events, to: live.seq };
}
