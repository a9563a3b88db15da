import type { WaitingCode, WaitReasonFragment } from "@/shared/graphql/gen/graphql";
import type { Row } from "../rows/rows";

/** Why a row waits: the task that does, unless it is the execution itself, and the number of other reasons. */
export type Reason = {
  task: string | null;
  text: string;
  /** When the wait began, or will end by itself. */
  at: { word: "since" | "until"; time: string } | null;
  others: number;
};

/** Reasons shown, in order of importance. Waits for another task of the execution are omitted. */
const SHOWN: readonly WaitingCode[] = [
  "REVISION",
  "PAUSED",
  "SLOT",
  "APPROVAL",
  "WORKER",
  "EVENT",
  "EXECUTION",
  "TIME",
  "RETRY",
];
const STALLED: ReadonlySet<Row["state"]> = new Set<Row["state"]>([
  "QUEUED",
  "PAUSED",
  "WAITING_FOR_APPROVAL",
]);

/** Whether its state means waiting: its second line is reserved before the reason is known. */
export function isStalled({ state }: Pick<Row, "state">): boolean {
  return STALLED.has(state);
}

/** Whether it may wait; running ones only if none of their tasks has finished. */
export function mayWait(row: Pick<Row, "state" | "progress" | "startedAt">): boolean {
  if (row.state === "CREATED") return row.startedAt === null;
  return isStalled(row) || (row.state === "RUNNING" && row.progress === 0);
}

/** The reason shown in a row. For a running execution only waits for workers: other tasks of it may be at work. */
export function reasonOf(row: Pick<Row, "state">, waits: readonly WaitReasonFragment[]): Reason | null {
  const codes: readonly WaitingCode[] = row.state === "RUNNING" ? ["WORKER"] : SHOWN;
  const shown = waits
    .filter(({ code }) => codes.includes(code))
    .sort((one, other) => SHOWN.indexOf(one.code) - SHOWN.indexOf(other.code));
  const [first] = shown;
  if (!first) return null;
  const task = first.taskRun?.key ?? null;
  const { text, since } = sinceOf(first.message);
  // A pause affects all tasks of the execution.
  const others = first.code === "PAUSED" ? 0 : shown.length - 1;
  return {
    task,
    text: first.code === "SLOT" ? `Waits for ${text}` : task ? text : capital(text),
    at: since ? { word: "since", time: since } : first.until ? { word: "until", time: first.until } : null,
    others,
  };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The time in the server's message, so that the page can show it in its own zone. */
function sinceOf(message: string): { text: string; since: string | null } {
  const found = /^(.*) since (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC$/.exec(message);
  return found ? { text: found[1]!, since: `${found[2]}T${found[3]}Z` } : { text: message, since: null };
}
