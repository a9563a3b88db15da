import { percentOf, type Range } from "@/shared/axis/scale";
import type { EventMarkFragment } from "@/shared/graphql/gen/graphql";

export type MarkKind = "plain" | "bad" | "ask";
export type Event = Pick<EventMarkFragment, "seq" | "at" | "type" | "toState">;
/** The positions of ticks of one kind, in whole pixels from the start of the axis. */
export type Marks = Record<MarkKind, readonly number[]>;

const BAD: ReadonlySet<string> = new Set(["FAILED", "ERROR", "REJECTED", "TIMED_OUT", "LOST", "KILLED"]);

/** Failures and approval requests are drawn over everything else. */
export function kindOf({ type, toState }: Event): MarkKind {
  if (toState && BAD.has(toState)) return "bad";
  return type === "APPROVAL_REQUESTED" || toState === "WAITING_FOR_APPROVAL" ? "ask" : "plain";
}

const times = new WeakMap<Event, number>();

/** The time of an event in ms, parsed once: the marks are drawn again with each new event. */
export function timeOf(event: Event): number {
  const known = times.get(event);
  if (known !== undefined) return known;
  const at = Date.parse(event.at);
  times.set(event, at);
  return at;
}

/** Above this number, ticks that would touch are merged. */
export const FEW = 300;
const APART = 3;

/** One tick per event; with many events one per pixel, for the most important event there. */
export function marksOf(events: readonly Event[], range: Range, width: number): Marks {
  const apart = events.length > FEW ? APART : 1;
  const places = new Map<number, MarkKind>();
  for (const event of events) {
    const percent = percentOf(timeOf(event), range);
    if (percent < 0 || percent > 100) continue;
    const x = Math.round((percent * width) / 100 / apart) * apart;
    const kind = kindOf(event);
    const known = places.get(x);
    if (!known || (known === "plain" && kind !== "plain") || kind === "bad") places.set(x, kind);
  }
  const marks: Record<MarkKind, number[]> = { plain: [], bad: [], ask: [] };
  for (const [x, kind] of places) marks[kind].push(x);
  return marks;
}

/** The SVG path of vertical strokes at these positions. */
export function strokes(places: readonly number[], top: number, height: number): string {
  return places.map((x) => `M${x + 0.5} ${top}v${height}`).join("");
}

/** The index of the event nearest in time; of several at the same time, the last. */
export function nearest(events: readonly Event[], at: number): number {
  const after = firstAfter(events, (event) => timeOf(event) > at);
  const before = events[after - 1];
  const next = events[after];
  if (!next || (before && at - timeOf(before) < timeOf(next) - at)) return after - 1;
  return firstAfter(events, (event) => event.at > next.at) - 1;
}

/** The index of the last event up to a seq; -1 when all are later. */
export function indexOfSeq(events: readonly Event[], seq: number): number {
  return firstAfter(events, (event) => event.seq > seq) - 1;
}

function firstAfter(events: readonly Event[], isAfter: (event: Event) => boolean): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isAfter(events[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
