type Stats = { p50: number; count: number };

/** Fewer executions than this say nothing of what is usual: the one that is looked at is among them. */
const LEAST = 3;

/** Seconds that executions of the flow usually take; undefined while too few have ended. */
export function usualOf(stats: Stats | null | undefined): number | undefined {
  return stats && stats.count >= LEAST ? stats.p50 : undefined;
}
