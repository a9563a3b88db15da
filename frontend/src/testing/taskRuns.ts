import type { TaskRunState, TaskSection } from "@/shared/graphql/gen/graphql";
import { aTask } from "./fixtures";

export const START = Date.parse("2026-01-14T02:00:00Z");

/** The time so many seconds after the start, in the API's format. */
export function timeOf(seconds: number): string {
  return new Date(START + seconds * 1000).toISOString();
}

type Fields = Parameters<typeof aTask>[1] & { needs?: string[]; type?: string; section?: TaskSection };

/** A task run by its history: states and the seconds after the start at which they began. */
export function aRun(key: string, history: [TaskRunState, number][] = [], fields: Fields = {}) {
  const { needs = [], type = "shell", section = "TASKS", ...over } = fields;
  const started = history.find(([state]) => state === "RUNNING");
  const last = history.at(-1);
  const ended =
    last && !["CREATED", "QUEUED", "RUNNING", "RETRYING", "WAITING_FOR_APPROVAL"].includes(last[0]);
  const [, index] = /\[(\d+)\]\.[^[\]]+$/.exec(key) ?? [];
  return aTask(key, {
    task: { key: key.slice(key.lastIndexOf(".") + 1), type, needs, section },
    state: last?.[0] ?? "CREATED",
    startedAt: started ? timeOf(started[1]) : null,
    endedAt: ended ? timeOf(last[1]) : null,
    iteration: index === undefined ? null : { index: Number(index), label: `item ${index}` },
    stateHistory: history.map(([state, at]) => ({ state, at: timeOf(at) })),
    ...over,
  });
}

/** One that succeeded. */
export function done(key: string, from: number, to: number, fields: Fields = {}) {
  return aRun(key, [["QUEUED", from], ["RUNNING", from], ["SUCCESS", to]], fields); // biome-ignore format: one line
}

/** One that failed. */
export function failed(key: string, from: number, to: number, fields: Fields = {}) {
  return aRun(key, [["QUEUED", from], ["RUNNING", from], ["FAILED", to]], fields); // biome-ignore format: one line
}

/** One that never ran. */
export function notRun(key: string, fields: Fields = {}) {
  return aRun(key, [], { state: "CANCELLED", endedAt: timeOf(100), ...fields });
}
