import type { Availability } from "@/entities/execution/actions/registry";
import type { Head, TaskRunRow } from "@/entities/execution/record";
import { formatTicking } from "@/shared/lib/duration";
import { formatInteger } from "@/shared/lib/number";
import { labelTerm, quoted } from "@/shared/lib/searchTerm";
import type { Tone } from "@/shared/ui/stateTokens";
import { isEnded, STATE_TOKENS } from "@/shared/ui/stateTokens";
import type { Known } from "../useFacts";

/** A fact of the header, linked to the list filtered by it. */
export type ListSearch = { q?: string; flow?: string; namespace?: string };
export type HeaderFact = { words: string; search: ListSearch };

export function labelSearch({ key, value }: { key: string; value: string }): ListSearch {
  return { q: labelTerm(key, value) };
}

/** "schedule nightly", "by omar", "replay by omar": what triggered it. */
export function triggerWords(head: Pick<Head, "triggerKind" | "trigger" | "createdBy">): HeaderFact {
  const { triggerKind, createdBy } = head;
  const schedule = (head.trigger as { key?: unknown } | null)?.key;
  const by = { words: `by ${createdBy.name}`, search: { q: `by:${quoted(createdBy.name)}` } };
  switch (triggerKind) {
    case "SCHEDULE":
    case "BACKFILL": {
      const word = triggerKind === "BACKFILL" ? "backfill" : "schedule";
      if (typeof schedule !== "string") return { words: word, search: { q: `trigger:${word}` } };
      return { words: `${word} ${schedule}`, search: { q: `schedule:${quoted(schedule)}` } };
    }
    case "SUBFLOW":
      return { words: "started by a subflow task", search: { q: "trigger:subflow" } };
    case "REPLAY":
    case "RERUN":
      return { words: `${triggerKind === "REPLAY" ? "replay" : "prepared"} ${by.words}`, search: by.search };
    default:
      return by;
  }
}

/** "b77e1c0 on main". */
export function commitWords(git: Head["git"]): HeaderFact | null {
  if (!git?.commit && !git?.branch) return null;
  const commit = git.commit?.slice(0, 7);
  if (!commit) return { words: git.branch!, search: { q: `branch:${quoted(git.branch!)}` } };
  return {
    words: git.branch ? `${commit} on ${git.branch}` : commit,
    search: { q: `commit:${git.commit!.slice(0, 12)}` },
  };
}

const MARKS: Partial<Record<string, string>> = { check: "✓", cross: "✗", play: "▸", hand: "?", pause: "‖" };

/** "✗ orders-etl-e3ea11": the title of the browser's tab. */
export function titleOf({ state, name }: Pick<Head, "state" | "name">): string {
  const { shape, tone } = STATE_TOKENS[state];
  return `${MARKS[shape] ?? (tone === "bad" ? "✗" : "•")} ${name}`;
}

/** `ended`: it counts as done; running and waiting parts are drawn pale. */
export type Part = { tone: Tone; share: number; ended: boolean };
export type Progress = { ended: number; running: number; all: number; parts: Part[] };

const ORDER: readonly Tone[] = ["good", "bad", "calm", "stop", "active", "warn", "ask"];

/** Task runs in these states have not run, and will not. */
const NOT_RUN: ReadonlySet<TaskRunRow["state"]> = new Set(["CANCELLED", "SKIPPED"]);

/**
 * The progress of a running execution, by the states of its task runs.
 *
 * Task runs that are not run do not count, and a foreach counts as its iterations.
 */
export function progressOf(tasks: Iterable<Pick<TaskRunRow, "key" | "state">>): Progress {
  const counts = new Map<TaskRunRow["state"], number>();
  const runs = [...tasks];
  const around = new Set(
    runs.flatMap(({ key }) => (key.includes("[") ? key.slice(0, key.lastIndexOf("[")) : [])),
  );
  for (const { key, state } of runs)
    if (!NOT_RUN.has(state) && !around.has(key)) counts.set(state, (counts.get(state) ?? 0) + 1);
  const sum = (which: (state: TaskRunRow["state"]) => boolean) =>
    [...counts].reduce((total, [state, count]) => (which(state) ? total + count : total), 0);
  const all = sum(() => true);
  const partsOf = (ended: boolean) =>
    ORDER.flatMap((tone): Part[] => {
      const share = sum((state) => isEnded(state) === ended && shownTone(state) === tone) / all;
      return share ? [{ tone, share, ended }] : [];
    });
  const running = counts.get("RUNNING") ?? 0;
  return { ended: sum(isEnded), running, all, parts: [...partsOf(true), ...partsOf(false)] };
}

/** Task runs that have not started are not drawn. */
function shownTone(state: TaskRunRow["state"]): Tone | null {
  if (state === "CREATED" || state === "QUEUED") return null;
  return state === "WARNING" ? "good" : STATE_TOKENS[state].tone;
}

/** "19 of 33 tasks, 4 running, about 13m 02s left"; the rest of the usual duration only until it is used up. */
export function progressWords(
  { ended, running, all }: Progress,
  usual: number | undefined,
  seconds: number,
): string {
  if (!all) return "no tasks to run";
  const words = [`${formatInteger(ended)} of ${formatInteger(all)} ${all === 1 ? "task" : "tasks"}`];
  if (running) words.push(`${formatInteger(running)} running`);
  const left = (usual ?? 0) - seconds;
  if (left >= 5) words.push(`about ${formatTicking(left)} left`);
  return words.join(", ");
}

/** Whether the form of its flow can be opened with its inputs: an action of the page, not of the server. */
export function runAgainOf(
  { origin }: Pick<Head, "origin">,
  { facts, permissions }: Known,
): Availability | null {
  const availability = (code: Availability["code"], reason: string | null): Availability => ({
    action: "RUN_AGAIN",
    allowed: !code,
    code,
    reason,
  });
  if (!facts || !permissions) return null;
  if (!permissions.includes("RUN_FLOW"))
    return availability("FORBIDDEN", "This needs the permission RUN_FLOW.");
  if (origin === "EXTERNAL")
    return availability(
      "INVALID_STATE",
      "The execution ran elsewhere and is only recorded here: run it again where it ran.",
    );
  if (!facts.flow) return availability("INVALID_STATE", "The flow was deleted. Save it again to run it.");
  if (!facts.flow.enabled) return availability("INVALID_STATE", "The flow is disabled. Enable it to run it.");
  return availability(null, null);
}
