import { joined } from "@/shared/lib/sequence";
import type { Event } from "./marks";

/** The number of events in one response. */
export const PAGE = 1000;

/** Events from the first one on, and the last ones up to the newest; those in between may not be loaded yet. */
export type Known = { low: readonly Event[]; high: readonly Event[] };

export const NOTHING: Known = { low: [], high: [] };

export const lastOf = (events: readonly Event[]): number => events.at(-1)?.seq ?? 0;

/** Adds the oldest page, or the one after the loaded ones from the first on. */
export function withOlder(known: Known, page: readonly Event[]): Known {
  const low = joined(known.low, page);
  return low === known.low ? known : { ...known, low };
}

/** Adds the newest page; earlier last ones are dropped if there is a gap. */
export function withNewest({ low, high }: Known, page: readonly Event[]): Known {
  const first = page[0]?.seq;
  if (first === undefined) return { low, high };
  const before = lastOf(high) >= first - 1 ? high.filter(({ seq }) => seq < first) : [];
  return { low, high: [...before, ...page] };
}

/** Adds live events, unless there is a gap. */
export function withLive(known: Known, live: readonly Event[]): Known {
  const end = lastOf(known.high.length ? known.high : known.low);
  if (!live.length || live[0]!.seq > end + 1) return known;
  const high = joined(known.high, live);
  return high === known.high ? known : { ...known, high };
}

/** Whether all events from the first to the newest loaded one are there. */
export function isWhole({ low, high }: Known): boolean {
  return high.length > 0 && (high[0]!.seq <= 1 || lastOf(low) >= high[0]!.seq - 1);
}

export function allOf({ low, high }: Known): readonly Event[] {
  const first = high[0]?.seq ?? Number.POSITIVE_INFINITY;
  const before = lastOf(low) < first ? low : low.filter(({ seq }) => seq < first);
  return before.length ? [...before, ...high] : high;
}
