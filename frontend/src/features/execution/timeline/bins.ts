import type { Iteration } from "@/entities/taskRun/tree";
import { hasFailed } from "@/entities/taskRun/tree";
import { percentOf, type Range } from "@/shared/axis/scale";
import { isEnded } from "@/shared/ui/stateTokens";
import { endedAtOf } from "./segments";

/** Ends of iterations at one pixel of the axis: `share` relative to the fullest one. A failure takes precedence. */
export type Bin = { left: number; failed: number; succeeded: number; share: number };

const BINS = 120;

/** The ends of a foreach's iterations, grouped so that thousands become distinguishable marks. */
export function binsOf(iterations: readonly Iteration[], range: Range, bins = BINS): Bin[] {
  const found = new Map<number, { failed: number; succeeded: number }>();
  for (const iteration of iterations) {
    const at = endOf(iteration);
    if (at === undefined) continue;
    const percent = percentOf(at, range);
    if (percent < 0 || percent > 100) continue;
    const place = Math.round((percent / 100) * bins);
    const bin = found.get(place) ?? { failed: 0, succeeded: 0 };
    found.set(place, bin);
    if (hasFailed(iteration)) bin.failed += 1;
    else bin.succeeded += 1;
  }
  const most = Math.max(1, ...[...found.values()].map((bin) => bin.failed + bin.succeeded));
  return [...found]
    .sort(([one], [other]) => one - other)
    .map(([place, bin]) => ({
      ...bin,
      left: Math.round((place / bins) * 100_000) / 1000,
      share: (bin.failed + bin.succeeded) / most,
    }));
}

/** The end of an iteration; undefined while one of its tasks has not ended, and when none of them ever started. */
function endOf({ branches }: Iteration): number | undefined {
  let last: number | undefined;
  for (const { task } of branches) {
    if (!isEnded(task.state)) return undefined;
    const at = task.startedAt ? endedAtOf(task) : null;
    if (at !== null) last = Math.max(last ?? at, at);
  }
  return last;
}
