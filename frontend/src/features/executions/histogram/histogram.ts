import type { ExecutionHistogramQuery, ExecutionState } from "@/shared/graphql/gen/graphql";
import { isEnded, STATE_TOKENS } from "@/shared/ui/stateTokens";
import type { Span } from "../search/dates";

export type HistogramBar = ExecutionHistogramQuery["executionHistogram"][number];

/** The parts of a bar, from the bottom up. */
const PARTS = ["failed", "asking", "active", "other"] as const;
type BarPart = (typeof PARTS)[number];
export type Tally = Record<BarPart | "total", number>;

const FAILED: ReadonlySet<ExecutionState> = new Set(["FAILED", "ERROR", "FAILED_FINISHING"]);
/** The states as search terms, for the link of the headline's number. */
export const FAILED_TERMS = "(state:failed OR state:failed_finishing OR state:error)";

export function tallyOf(bars: readonly HistogramBar[]): Tally {
  const tally = { failed: 0, asking: 0, active: 0, other: 0, total: 0 };
  for (const { states, total } of bars) {
    for (const { state, count } of states) tally[partOf(state)] += count.value;
    tally.total += total;
  }
  return tally;
}

function partOf(state: ExecutionState): BarPart {
  if (FAILED.has(state)) return "failed";
  if (STATE_TOKENS[state].tone === "ask") return "asking";
  return isEnded(state) ? "other" : "active";
}

/** "2 Failed, 1 Running, 14 Success": the largest count first. */
export function factsOf(bar: HistogramBar): string {
  if (!bar.total) return "nothing";
  const states = [...bar.states].sort((a, b) => b.count.value - a.count.value);
  return states.map(({ state, count }) => `${count.value} ${STATE_TOKENS[state].word}`).join(", ");
}

export type Drawn = {
  x: number;
  width: number;
  parts: { kind: BarPart; y: number; height: number }[];
};

const GAP = 1.5;
const LEAST = 1.5;

/** The shapes of the bars in a box; failed ones at the bottom so that they are comparable along one line. */
export function drawn(bars: readonly HistogramBar[], width: number, height: number): Drawn[] {
  const most = Math.max(1, ...bars.map((bar) => bar.total));
  const step = width / Math.max(1, bars.length);
  return bars.map((bar, at) => {
    const tally = tallyOf([bar]);
    let y = height;
    const parts = PARTS.flatMap((kind) => {
      if (!tally[kind]) return [];
      const size = Math.max(LEAST, (tally[kind] / most) * (height - 4));
      y -= size;
      return [{ kind, y, height: size }];
    });
    return { x: at * step, width: Math.max(1, step - GAP), parts };
  });
}

export function edgesOf(bars: readonly HistogramBar[]): { since: number; until: number } | null {
  if (!bars.length) return null;
  return { since: Date.parse(bars[0]!.start), until: Date.parse(bars.at(-1)!.end) };
}

/** The bars that begin within a span. */
export function within(bars: readonly HistogramBar[], span: Span | null): HistogramBar[] {
  if (!span) return [...bars];
  return bars.filter(
    (bar) =>
      Date.parse(bar.end) > span.since && Date.parse(bar.start) < (span.until ?? Number.POSITIVE_INFINITY),
  );
}

/** The span of bars `from` to `to`; up to the last bar it is open, so that new executions are in it. */
export function spanOfBars(bars: readonly HistogramBar[], from: number, to: number): Span {
  const [first, last] = [Math.max(0, Math.min(from, to)), Math.min(bars.length - 1, Math.max(from, to))];
  const isLast = last === bars.length - 1;
  return { since: Date.parse(bars[first]!.start), until: isLast ? null : Date.parse(bars[last]!.end) };
}

/** The first and last bar of a span; null where there is none. */
export function barsOfSpan(bars: readonly HistogramBar[], span: Span): [number, number] | null {
  const inside = within(bars, span);
  return inside.length ? [bars.indexOf(inside[0]!), bars.indexOf(inside.at(-1)!)] : null;
}

/** The usual number of failures: the median of the previous spans of the same length, at least four. */
export function usualOf(bars: readonly HistogramBar[], span: Span): { failed: number; of: number } | null {
  const found = barsOfSpan(bars, span);
  if (!found) return null;
  const length = found[1] - found[0] + 1;
  const counts: number[] = [];
  for (let end = found[0]; end - length >= 0; end -= length)
    counts.push(tallyOf(bars.slice(end - length, end)).failed);
  if (counts.length < 4) return null;
  counts.sort((a, b) => a - b);
  return { failed: counts[Math.floor(counts.length / 2)]!, of: counts.length };
}

const HOUR = 3_600e3;
const STEPS = [
  60e3,
  5 * 60e3,
  10 * 60e3,
  15 * 60e3,
  30 * 60e3,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  24 * HOUR,
  72 * HOUR,
  168 * HOUR,
];

/** Round times to label below the bars, at least `room` pixels apart. */
export function ticksOf(
  edges: { since: number; until: number },
  width: number,
  zone: "local" | "utc",
  room = 90,
): number[] {
  const per = (edges.until - edges.since) / Math.max(1, width);
  const step = STEPS.find((one) => one / per >= room) ?? STEPS.at(-1)!;
  const shift = zone === "utc" ? 0 : new Date(edges.since).getTimezoneOffset() * 60e3;
  const ticks: number[] = [];
  for (let at = Math.ceil((edges.since - shift) / step) * step + shift; at < edges.until; at += step)
    ticks.push(at);
  return ticks;
}
