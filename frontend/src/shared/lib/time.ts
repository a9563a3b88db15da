import type { Preferences } from "./preferences";

type Zone = Preferences["zone"];

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;
const DAY = { month: "short", day: "numeric" } as const;

function formats(timeZone: "UTC" | undefined) {
  const of = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(undefined, { ...options, ...(timeZone && { timeZone }) });
  return {
    clock: of(CLOCK),
    minutes: of({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
    day: of(DAY),
    dayAndYear: of({ ...DAY, year: "numeric" }),
    exact: of({ dateStyle: "medium", timeStyle: "long" }),
  };
}

const FORMATS = { local: formats(undefined), utc: formats("UTC") };

/** "14:03:22" today, "Mar 4 14:03:22" this year, "Mar 4, 2025 14:03:22" otherwise, in the chosen zone. */
export function formatTime(at: string, zone: Zone, now: number = Date.now()): string {
  const date = new Date(at);
  const today = new Date(now);
  const { clock, day, dayAndYear } = FORMATS[zone];
  if (dayAndYear.format(date) === dayAndYear.format(today)) return clock.format(date);
  const named = yearOf(date, zone) === yearOf(today, zone) ? day : dayAndYear;
  return `${named.format(date)} ${clock.format(date)}`;
}

/** "14:03:22": only the time of day, as in a log. */
export function formatClock(at: string, zone: Zone): string {
  return FORMATS[zone].clock.format(new Date(at));
}

/** "14:03": the time of day for an axis. */
export function formatMinutes(at: number, zone: Zone): string {
  return FORMATS[zone].minutes.format(at);
}

/** "Mar 4": the day for an axis. */
export function formatDay(at: number, zone: Zone): string {
  return FORMATS[zone].day.format(at);
}

/** The exact time, for a tooltip: with its zone, and in UTC. */
export function formatExact(at: string): string {
  const date = new Date(at);
  return `${FORMATS.local.exact.format(date)} · ${date.toISOString()}`;
}

function yearOf(date: Date, zone: Zone): number {
  return zone === "utc" ? date.getUTCFullYear() : date.getFullYear();
}

/** "just now", "40s ago", "12m ago", "3h ago", "5d ago". */
export function formatAgo(at: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - at) / 1000));
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${seconds}s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ago`;
  return `${Math.floor(seconds / 86_400)}d ago`;
}
