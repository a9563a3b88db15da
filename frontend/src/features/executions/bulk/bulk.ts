import { ACTIONS, type ActionSpec, type PageAction } from "@/entities/execution/actions/registry";
import type { Action, BulkStateFragment, PreviewBulkInput } from "@/shared/graphql/gen/graphql";
import { formatInteger, plural } from "@/shared/lib/number";
import type { ListQuery } from "../address";
import type { Selection } from "../selection/selection";

const ONE_BY_ONE: ReadonlySet<PageAction> = new Set([
  "RUN_AGAIN",
  "PREPARE_EXECUTION",
  "CHANGE_TASK_RUN_STATE",
  "APPROVE",
  "REJECT",
]);
/** Actions on the bar itself; the others are in the menu "More". */
const FIRST: readonly Action[] = ["RESTART", "CANCEL", "SET_LABELS"];

/** The words of bulk actions. */
const WORDS: Partial<Record<Action, string>> = {
  RESTART: "Restart",
  SET_LABELS: "Labels",
  ADD_NOTE: "Add a note",
};

export type BulkAction = { spec: ActionSpec; action: Action; word: string };

export const BULK: readonly BulkAction[] = ACTIONS.flatMap((spec) => {
  const { action } = spec;
  return isForMany(action) ? [{ spec, action, word: WORDS[action] ?? spec.word }] : [];
});

function isForMany(action: PageAction): action is Action {
  return !ONE_BY_ONE.has(action);
}

export const ON_THE_BAR = FIRST.map((action) => BULK.find((one) => one.action === action)!);
export const MORE = BULK.filter((one) => !FIRST.includes(one.action));

/** The possible outcomes for an execution, and the field with their count. */
export const OUTCOMES = [
  { outcome: "ALL", word: "All", count: "total" },
  { outcome: "DONE", word: "Done", count: "done" },
  { outcome: "REFUSED", word: "Refused", count: "refused" },
  { outcome: "LEFT", word: "Left", count: "left" },
] as const;

export const MOST_ATOMIC = 1_000;

/** The input of an action besides the selection. */
export type Given = Pick<PreviewBulkInput, "labels" | "mode" | "state" | "text">;

/** Whether the input is complete enough for a preview. */
export function isReady(action: Action, given: Given): boolean {
  if (action === "SET_LABELS") return Boolean(given.labels?.length);
  if (action === "CHANGE_STATE") return Boolean(given.state);
  if (action === "ADD_NOTE") return Boolean(given.text?.trim());
  return true;
}

export function inputOf(
  action: Action,
  selection: Selection,
  query: ListQuery,
  given: Given,
): PreviewBulkInput {
  const set = selection.all
    ? { where: query.where ?? {}, search: query.search }
    : { ids: [...selection.ids] };
  return { action, ...set, ...given };
}

/** "1 198 of 1 204" */
export function reachOf({ wouldApply, total }: { wouldApply: number; total: number }): string {
  return `${formatInteger(wouldApply)} of ${plural(total, "execution")}`;
}

export function resultOf({ counts, state }: BulkStateFragment): string {
  const parts = [`${formatInteger(counts.done)} done`];
  if (counts.refused) parts.push(`${formatInteger(counts.refused)} refused`);
  if (counts.left) parts.push(`${formatInteger(counts.left)} left`);
  const how = state === "RUNNING" ? "Working" : state === "CANCELLED" ? "Stopped" : "Done";
  return `${how}: ${parts.join(", ")}`;
}

/** Parses `key=value` lines; a line without `=` is ignored. */
export function labelsOf(text: string): { key: string; value: string }[] {
  return text.split("\n").flatMap((line) => {
    const at = line.indexOf("=");
    const key = line.slice(0, at).trim();
    return at > 0 && key ? [{ key, value: line.slice(at + 1).trim() }] : [];
  });
}
