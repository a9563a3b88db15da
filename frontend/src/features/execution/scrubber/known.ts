import { joined } from "@/shared/lib/sequence";
import type { Event } from "./marks";

/** As many as one request gives. */
export const PAGE = 1000;

/** Events from the first on, and the last ones up to the newest; what lies between may not be known yet. */
export type Known = { low: readonly Event[]; high: readonly Event[] };

export const NOTHING: Known = { low: [], high: [] };

export const lastOf = (events: readonly Event[]): number => events.at(-1)?.seq ?? 0;

/** With the oldest page, or the one after those that are known from the first on. */
export function withOlder(known: Known, page: readonly Event[]): Known {
  const low = joined(known.low, page);
  return low === known.low ? known : { ...known, low };
}

/** With the newest page; the last ones before it go when others lie between. */
export function withNewest({ low, high }: Known, page: readonly Event[]): Known {
  const first = page[0]?.seq;
  if (first === undefined) return { low, high };
  const before = lastOf(high) >= first - 1 ? high.filter(({ seq }) => seq < first) : [];
  return { low, high: [...before, ...page] };
}

/** With what came, unless something lies between. */
export function withLive(known: Known, live: readonly Event[]): Known {
  const end = lastOf(known.high.length ? known.high : known.low);
  if (!live.length || live[0]!.seq > end + 1) return known;
  const high = joined(known.high, live);
  return high === known.high ? known : { ...known, high };
}

/** Whether no event is missing between the first and the newest that is known. */
export function isWhole({ low, high }: Known): boolean {
  return high.length > 0 && (high[0]!.seq <= 1 || lastOf(low) >= high[0]!.seq - 1);
}

export function allOf({ low, high }: Known): readonly Event[] {
  const first = high[0]?.seq ?? Number.POSITIVE_INFINITY;
  const before = lastOf(low) < first ? low : low.filter(({ seq }) => seq < first);
  return before.length ? [...before, ...high] : high;
}
