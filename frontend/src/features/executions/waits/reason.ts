import type { WaitingCode, WaitReasonFragment } from "@/shared/graphql/gen/graphql";
import type { Row } from "../rows/rows";

/** Why a row waits: the task that does, unless it is the execution itself, and how many other reasons there are. */
export type Reason = {
  task: string | null;
  text: string;
  /** When the wait began, or is over by itself. */
  at: { word: "since" | "until"; time: string } | null;
  others: number;
};

/** The most telling first. What waits for another task of its own says nothing. */
const TOLD: readonly WaitingCode[] = [
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
const STANDS: ReadonlySet<Row["state"]> = new Set<Row["state"]>(["QUEUED", "PAUSED", "WAITING_FOR_APPROVAL"]);

/** Whether it stands still by its state: its second line is there before the reason is. */
export function stands({ state }: Pick<Row, "state">): boolean {
  return STANDS.has(state);
}

/** Whether it may wait: of those that run only the ones that no task has finished in. */
export function mayWait(row: Pick<Row, "state" | "progress" | "startedAt">): boolean {
  if (row.state === "CREATED") return row.startedAt === null;
  return stands(row) || (row.state === "RUNNING" && row.progress === 0);
}

/** Of one that runs only what keeps workers from it is told: something else of it may be at work. */
export function reasonOf(row: Pick<Row, "state">, waits: readonly WaitReasonFragment[]): Reason | null {
  const codes: readonly WaitingCode[] = row.state === "RUNNING" ? ["WORKER"] : TOLD;
  const told = waits
    .filter(({ code }) => codes.includes(code))
    .sort((one, other) => TOLD.indexOf(one.code) - TOLD.indexOf(other.code));
  const [first] = told;
  if (!first) return null;
  const task = first.taskRun?.key ?? null;
  const { text, since } = sinceOf(first.message);
  // A pause holds back all of it, each of its tasks included.
  const others = first.code === "PAUSED" ? 0 : told.length - 1;
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

/** A time within the server's sentence, so that the page can say it in its own zone. */
function sinceOf(message: string): { text: string; since: string | null } {
  const found = /^(.*) since (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC$/.exec(message);
  return found ? { text: found[1]!, since: `${found[2]}T${found[3]}Z` } : { text: message, since: null };
}
