const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const dayAndYear = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric" });

/** "14:03:22" today, "Mar 4 14:03:22" this year, "Mar 4, 2025 14:03:22" otherwise, in the reader's zone. */
export function formatTime(at: string, now: number = Date.now()): string {
  const date = new Date(at);
  const today = new Date(now);
  if (date.toDateString() === today.toDateString()) return clock.format(date);
  const named = date.getFullYear() === today.getFullYear() ? day : dayAndYear;
  return `${named.format(date)} ${clock.format(date)}`;
}

/** The exact time, for a tooltip: local and UTC. */
export function formatExact(at: string): string {
  const date = new Date(at);
  return `${date.toLocaleString()} · ${date.toISOString()}`;
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
