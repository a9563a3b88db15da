type Stats = { p50: number; count: number };

/** The usual duration needs at least this many executions, because the shown one is among them. */
const LEAST = 3;

/** The usual duration of the flow's executions in seconds; undefined while too few have ended. */
export function usualOf(stats: Stats | null | undefined): number | undefined {
  return stats && stats.count >= LEAST ? stats.p50 : undefined;
}
