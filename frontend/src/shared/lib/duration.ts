/** "40ms", "1.4s", "12s", "3m 05s", "2h 07m", "3d 04h": at most two units, so that columns stay narrow. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, seconds);
  if (whole < 1) return `${Math.floor(whole * 1000)}ms`;
  if (whole < 10) return `${(Math.floor(whole * 10) / 10).toFixed(1)}s`;
  if (whole < 60) return `${Math.floor(whole)}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h ${two((whole % 3600) / 60)}m`;
  return `${Math.floor(whole / 86_400)}d ${two((whole % 86_400) / 3600)}h`;
}

/** Without tenths: a number that is updated once a second must not show digits that it cannot know. */
export function formatTicking(seconds: number): string {
  const whole = Math.floor(Math.max(0, seconds));
  return whole < 10 ? `${whole}s` : formatDuration(whole);
}

/** Seconds between two RFC 3339 times, or from the first until `now` (milliseconds); null if not started. */
export function secondsBetween(start: string | null, end: string | null, now: number): number | null {
  if (!start) return null;
  const until = end ? microsOf(end) : now * 1000;
  return Math.max(0, (until - microsOf(start)) / 1e6);
}

/** Date.parse drops microseconds: durations would then differ from the server's in the last digit. */
function microsOf(at: string): number {
  const beyond = /\.\d{3}(\d{1,3})/.exec(at)?.[1] ?? "";
  return Date.parse(at) * 1000 + Number(beyond.padEnd(3, "0"));
}

function two(value: number): string {
  return String(Math.floor(value)).padStart(2, "0");
}
