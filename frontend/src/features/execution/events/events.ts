import type { EventsLiveSubscription } from "@/shared/graphql/gen/graphql";

export type Event = EventsLiveSubscription["executionEvents"];

/** Appends in order of seq, without doubles; the same array when nothing was new. */
export function foldEvents(known: readonly Event[], arrived: readonly Event[]): readonly Event[] {
  let last = known.at(-1)?.seq ?? 0;
  const fresh: Event[] = [];
  for (const event of arrived) {
    if (event.seq <= last) continue;
    fresh.push(event);
    last = event.seq;
  }
  return fresh.length ? [...known, ...fresh] : known;
}

const QUIET: ReadonlySet<Event["type"]> = new Set([
  "PROGRESS_REPORTED",
  "OUTPUTS_SET",
  "PROPERTIES_SET",
  "ATTEMPT_STARTED",
  "ATTEMPT_ENDED",
]);

/** What a reader of a history looks for; the rest shows when all is asked for. */
export function isTelling(event: Event): boolean {
  return !QUIET.has(event.type) && !(event.type === "TASK_RUN_STATE_CHANGED" && event.toState === "QUEUED");
}

export function words(event: Event): string {
  const subject = event.taskRun ? `${event.taskRun.key} ` : "";
  if (event.toState && event.fromState) return `${subject}${event.fromState} → ${event.toState}`;
  if (event.toState) return `${subject}${event.toState}`;
  const type = event.type.toLowerCase().replaceAll("_", " ");
  return `${subject}${type}${event.attempt ? ` (attempt ${event.attempt})` : ""}`;
}
