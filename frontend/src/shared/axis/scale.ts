import type { Preferences } from "@/shared/lib/preferences";
import { formatDay } from "@/shared/lib/time";

/** The time range of the axis, in milliseconds since 1970. */
export type Range = { from: number; to: number };

const SHORTEST = 200;
const FIRST_SPAN = 10_000;
const STEP = 1.3;
/** A margin after the last end, so that its mark is not clipped. */
const MARGIN = 0.015;

/** In percent of the axis. */
export function percentOf(at: number, { from, to }: Range): number {
  return ((at - from) / (to - from)) * 100;
}

export function timeAt(percent: number, { from, to }: Range): number {
  return from + ((to - from) * percent) / 100;
}

/** The axis of an ended execution: from its start to its end, plus a margin. */
export function rangeOf(from: number, to: number): Range {
  const span = Math.max(SHORTEST, to - from);
  return { from, to: from + span * (1 + MARGIN) };
}

/** The axis of a running execution: with room to grow, in steps, so that bars grow and the axis changes rarely. */
export function steppedRange(from: number, until: number): Range {
  const steps = Math.ceil(Math.log(Math.max(1, (until - from) / FIRST_SPAN)) / Math.log(STEP));
  return { from, to: from + FIRST_SPAN * STEP ** (steps + 1) };
}

/** A shorter or longer range around a moment, within the whole; null for the whole. */
export function zoomedRange(range: Range, whole: Range, around: number, factor: number): Range | null {
  const span = Math.max(SHORTEST, (range.to - range.from) * factor);
  if (span >= whole.to - whole.from) return null;
  const from = Math.min(Math.max(around - span / 2, whole.from), whole.to - span);
  return { from, to: from + span };
}

/** A time range; a running one has no end. */
export type Stretch = { from: number; to: number | null };
export type Placed = { left: number; width: number };

/** The position of a range, clipped at the edges; undefined when it is outside. A running one has no width of its own. */
export function placed({ from, to }: Stretch, range: Range): Placed | undefined {
  const left = percentOf(from, range);
  const right = to === null ? Number.POSITIVE_INFINITY : percentOf(to, range);
  if (left > 100 || right < 0) return undefined;
  const start = Math.max(0, left);
  return { left: round(start), width: to === null ? Number.NaN : round(Math.min(100, right) - start) };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 28, 56, 112, 365].map((count) => count * DAY),
];
/** The gap between ticks, so that their labels do not touch. */
const APART = 68;

/** The smallest round step that is not shorter. */
export function roundStep(least: number): number {
  return STEPS.find((one) => one >= least) ?? least;
}

export type Tick = { at: number; left: number; label: string };

/** Ticks at round times, as many as there is room for labels. */
export function ticksOf(range: Range, width: number, zone: Preferences["zone"]): Tick[] {
  const span = range.to - range.from;
  const least = (span * APART) / Math.max(APART, width);
  const step = roundStep(least);
  const shift = zone === "utc" ? 0 : new Date(range.from).getTimezoneOffset() * MINUTE;
  const ticks: Tick[] = [];
  for (let at = Math.ceil((range.from - shift) / step) * step + shift; at <= range.to; at += step) {
    ticks.push({ at, left: round(percentOf(at, range)), label: labelOf(at, step, zone) });
  }
  return ticks;
}

const two = (value: number, digits = 2) => String(value).padStart(digits, "0");

/** Running bars end at the now line, which CSS moves. */
export function untilNow(left: number): string {
  return `calc((clamp(0, var(--now, 100), 100) - ${left}) * 1%)`;
}

/** "02:55", "02:55:10", "02:55:10.2" or, at midnight, "Mar 4": as precise as the step requires. */
export function labelOf(at: number, step: number, zone: Preferences["zone"]): string {
  const date = new Date(at);
  if (step >= DAY) return formatDay(at, zone);
  const [hours, minutes, seconds] =
    zone === "utc"
      ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
      : [date.getHours(), date.getMinutes(), date.getSeconds()];
  const clock = `${two(hours)}:${two(minutes)}`;
  if (step >= HOUR && clock === "00:00") return formatDay(at, zone);
  if (step >= MINUTE) return clock;
  if (step >= SECOND) return `${clock}:${two(seconds)}`;
  const digits = step >= 100 ? 1 : step >= 10 ? 2 : 3;
  const fraction = two(date.getMilliseconds(), 3).slice(0, digits);
  return `${two(minutes)}:${two(seconds)}.${fraction}`;
}
