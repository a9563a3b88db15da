import { plural } from "@/shared/lib/number";
import { quoted } from "@/shared/lib/searchTerm";
import { isStalled, mayWait, type Reason } from "../waits/reason";
import type { Row } from "./rows";

/** The trigger of an execution, and the search term that finds the same. */
export function starterOf(row: Row): { text: string; term: string } {
  const schedule = (row.values as Record<string, unknown> | null)?.schedule;
  if (typeof schedule === "string")
    return { text: `${row.triggerKind.toLowerCase()} ${schedule}`, term: `schedule:${quoted(schedule)}` };
  if (row.triggerKind === "SUBFLOW") return { text: "subflow", term: "trigger:subflow" };
  const { name } = row.createdBy;
  return { text: name, term: `by:${quoted(name)}` };
}

/** "6 failed, 12 did not run"; empty where only one failed and all others ran. */
export function extentOf(failure: NonNullable<Row["failure"]>): string {
  const failed = failure.others + (failure.taskRun ? 1 : 0);
  const parts: string[] = [];
  if (failed > 1 || (failed && failure.skippedCount)) parts.push(`${plural(failed, "failed", "failed")}`);
  if (failure.skippedCount) parts.push(`${plural(failure.skippedCount, "did not run", "did not run")}`);
  return parts.join(", ");
}

/** The usual duration is in the middle of the bar. */
export function shareOf(seconds: number, usual: number): { width: number; isLong: boolean } {
  if (usual <= 0) return { width: 1, isLong: false };
  return { width: Math.min(1, seconds / (2 * usual)), isLong: seconds > usual * 1.3 };
}

/** The kind of second line below a row's values: why it failed, or why it waits. */
export function secondLineOf(row: Row, reason: Reason | undefined): "failure" | "wait" | null {
  if (row.failure) return "failure";
  return isStalled(row) || (reason && mayWait(row)) ? "wait" : null;
}

export const HEIGHTS = { row: 36, two: 58 } as const;
const PHONE = { row: 64, line: 20, perLine: 42 };

export function heightOf(row: Row, reason: Reason | undefined, isPhone: boolean): number {
  const line = secondLineOf(row, reason);
  if (!isPhone) return line ? HEIGHTS.two : HEIGHTS.row;
  if (!line) return PHONE.row;
  if (!row.failure) return PHONE.row + PHONE.line;
  const length = row.failure.message.length + (row.failure.taskRun ? row.failure.taskRun.key.length + 2 : 0);
  return PHONE.row + PHONE.line * (length > PHONE.perLine ? 2 : 1);
}
