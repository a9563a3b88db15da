import type { TaskRunRow } from "@/entities/execution/record";
import { inOrderOfConcern, isPressing, stateGroupOf } from "@/entities/taskRun/stateGroup";
import {
  type Branch,
  branchesOf,
  type Count,
  countsOf,
  hasFailed,
  type Iteration,
} from "@/entities/taskRun/tree";
import type { ExecutionLinkFragment } from "@/shared/graphql/gen/graphql";
import { plural } from "@/shared/lib/number";
import { isEnded } from "@/shared/ui/stateTokens";
import { blockerOf } from "./blocker";

type Line = { id: string; depth: number };

/** A task run; a foreach has its `iterations` and their `counts` by state. */
export type TaskLine = Line & {
  kind: "task";
  task: TaskRunRow;
  name: string;
  type: string;
  /** Whether its children are shown; null when it has none. */
  open: boolean | null;
  iterations: readonly Iteration[];
  /** All task runs under it, at any depth. */
  members: readonly TaskRunRow[];
  counts: readonly Count[];
  /** For a task that has not run: the key of the task that it needs, and when that one started. */
  needs: string | null;
  needsFrom: number | null;
  critical: boolean;
  /** The execution that it started, in its current state. */
  child: ExecutionLinkFragment | null;
};
/** One iteration of a foreach of several tasks. */
export type IterationLine = Line & {
  kind: "iteration";
  /** Its most important task run, which a click selects. */
  task: TaskRunRow;
  state: Iteration["state"];
  name: string;
  open: boolean;
  members: readonly TaskRunRow[];
};
/** A fold with its description; the bars of its `members` are shown together. */
export type FoldLine = Line & { kind: "fold"; name: string; open: boolean; members: readonly TaskRunRow[] };
export type LabelLine = Line & { kind: "label"; name: string };
/** A line for one or more task runs. */
export type RunLine = TaskLine | IterationLine | FoldLine;
export type Row = RunLine | LabelLine;

export type View = {
  /** Whether the execution has ended. */
  over: boolean;
  /** Lines that the viewer opened or closed, by id. */
  toggled: ReadonlyMap<string, boolean>;
  /** Ids of lines that stay visible although they could be folded. */
  keep: ReadonlySet<string>;
  /** The key of the selected task run, which is never folded. */
  selected: string | undefined;
  /** The executions that its tasks started, by id. */
  children: ReadonlyMap<string, ExecutionLinkFragment>;
  /** The key of the task run that failed the execution: it comes first. */
  cause: string | undefined;
  /** Ids of the task runs on the critical path. */
  critical: ReadonlySet<string>;
};

export const FEW_SUCCESSES = 20;
export const FEW_NOT_RUN = 8;
const SHOWN_FAILED = 5;
const SHOWN_RUNNING = 10;
const FEW_ITERATIONS = 5;
export const FLOW_ORDER = "label:flow";
export const SUCCESSES = "fold:succeeded";
export const NOT_RUN = "fold:notRun";

/** The lines of the timeline: failed tasks and pending approvals, then the flow's order; many similar ones are folded. */
export function rowsOf(tasks: readonly TaskRunRow[], view: View): Row[] {
  const list = new Listing(tasks, view);
  const branches = branchesOf(tasks);
  const [pinned, rest] = parted(branches, isPinned);
  const [first, others] = parted(pinned, ({ task }) => isWithin(view.cause, task.key));
  for (const branch of [...first, ...others]) list.branch(branch, 0);
  if (pinned.length && rest.length)
    list.rows.push({ kind: "label", id: FLOW_ORDER, depth: 0, name: "In the order of the flow" });
  const folds = foldsOf(rest, list);
  for (const branch of rest) {
    const fold = folds.find(({ branches }) => branches.has(branch));
    if (!fold) list.branch(branch, 0);
    else if (!fold.said) {
      fold.said = true;
      list.fold(fold.id, 0, fold.name, [...fold.branches].flatMap(membersOf), () => {
        for (const one of fold.branches) list.branch(one, 1);
      });
    }
  }
  return list.rows;
}

/** All matching task runs, flat and under their full names, in the flow's order: as many lines as the count shows. */
export function matchingRows(tasks: readonly TaskRunRow[], view: View): Row[] {
  const list = new Listing(tasks, view);
  for (const task of tasks) list.task({ task, iterations: [] }, 0, task.key);
  return list.rows;
}

type Fold = { id: string; name: string; branches: Set<Branch>; said: boolean };

function foldsOf(rest: readonly Branch[], list: Listing): Fold[] {
  const { over } = list.view;
  const may = rest.filter((branch) => !list.stays(branch));
  const group = (branch: Branch) => stateGroupOf(branch.task, over);
  const folds: Fold[] = [];
  const done = may.filter((branch) => group(branch) === "done");
  if (done.length > FEW_SUCCESSES)
    folds.push({ id: SUCCESSES, name: doneWords(done), branches: new Set(done), said: false });
  const word = over ? "notRun" : "waiting";
  const idle = may.filter((branch) => group(branch) === word && !branch.task.startedAt);
  if (idle.length > FEW_NOT_RUN) {
    const folded = idle.slice(FEW_NOT_RUN - 1);
    const name = over ? "more did not run" : "more have not started";
    folds.push({ id: NOT_RUN, name: `${folded.length} ${name}`, branches: new Set(folded), said: false });
  }
  return folds;
}

function doneWords(done: readonly Branch[]): string {
  return countsOf(done.map(({ task }) => ({ index: 0, state: task.state, branches: [] })))
    .map(({ words }) => words)
    .join(", ");
}

/** Collects lines. They are rebuilt each time; `reused` keeps the identity of those that did not change. */
class Listing {
  readonly rows: Row[] = [];
  private byKey: Map<string, TaskRunRow> | undefined;

  constructor(
    private readonly tasks: readonly TaskRunRow[],
    readonly view: View,
  ) {}

  stays({ task, iterations }: Branch): boolean {
    const { keep, selected, critical } = this.view;
    if (keep.has(task.id) || critical.has(task.id) || task.key === selected) return true;
    return iterations.length > 0 && Boolean(selected?.startsWith(`${task.key}[`));
  }

  branch(branch: Branch, depth: number): void {
    this.task(branch, depth, branch.task.task.key);
  }

  task({ task, iterations }: Branch, depth: number, name: string, type = task.task.type): void {
    const open = iterations.length ? this.isOpen(task.id, opensByItself(task, iterations, this.view)) : null;
    const blocker = this.hasToCome(task) ? this.blockerOf(task) : undefined;
    this.rows.push({
      kind: "task",
      id: task.id,
      depth,
      task,
      name,
      type,
      open,
      iterations,
      members: iterations.flatMap((one) => one.branches.flatMap(membersOf)),
      counts: inOrderOfConcern(countsOf(iterations)),
      needs: blocker?.key ?? null,
      needsFrom: blocker?.from ?? null,
      critical: this.view.critical.has(task.id),
      child: task.child && (this.view.children.get(task.child.id) ?? task.child),
    });
    if (open) this.iterations(task, iterations, depth + 1);
  }

  fold(id: string, depth: number, name: string, members: readonly TaskRunRow[], inside: () => void): void {
    const open = this.isOpen(id, false);
    this.rows.push({ kind: "fold", id, depth, name, open, members });
    if (open) inside();
  }

  private iterations(task: TaskRunRow, iterations: readonly Iteration[], depth: number): void {
    const { shown, rest } = this.shownOf(task, iterations);
    for (const one of shown) this.iteration(task, one, depth);
    if (!rest.length) return;
    const members = rest.flatMap((one) => one.branches.flatMap(membersOf));
    this.fold(`fold:${task.id}`, depth, restWords(shown, rest), members, () => {
      for (const one of rest) this.iteration(task, one, depth);
    });
  }

  private iteration(foreach: TaskRunRow, { index, state, branches }: Iteration, depth: number): void {
    const first = branches[0]!;
    const label = first.task.iteration?.label ?? "";
    const name = label && label !== String(index) ? `[${index}] ${label}` : `[${index}]`;
    if (branches.length === 1) {
      this.task(first, depth, name, first.task.task.key);
      return;
    }
    const id = `${foreach.id}[${index}]`;
    const inside = this.view.selected?.startsWith(`${foreach.key}[${index}].`) ?? false;
    const open = this.isOpen(id, inside);
    const members = branches.flatMap(membersOf);
    this.rows.push({ kind: "iteration", id, depth, task: telling(branches), state, name, open, members });
    if (open) for (const branch of branches) this.branch(branch, depth + 1);
  }

  /** The failed and the running iterations, up to a limit; the others behind a line with their counts. */
  private shownOf(task: TaskRunRow, iterations: readonly Iteration[]) {
    if (iterations.length <= FEW_ITERATIONS) return { shown: iterations, rest: [] };
    const failed = iterations.filter(hasFailed).slice(0, SHOWN_FAILED);
    const running = iterations.filter((one) => isAtWork(one)).slice(0, SHOWN_RUNNING);
    const shown = new Set([...failed, ...running]);
    for (const one of iterations) if (this.isKept(task, one)) shown.add(one);
    return { shown: [...shown], rest: iterations.filter((one) => !shown.has(one)) };
  }

  private isKept({ id, key }: TaskRunRow, { index, branches }: Iteration): boolean {
    const { keep, selected } = this.view;
    if (selected?.startsWith(`${key}[${index}].`)) return true;
    return keep.size > 0 && keep.has(branches.length > 1 ? `${id}[${index}]` : branches[0]!.task.id);
  }

  private isOpen(id: string, byItself: boolean): boolean {
    return this.view.toggled.get(id) ?? byItself;
  }

  /** Whether it has not run: not yet, or never. */
  private hasToCome(task: TaskRunRow): boolean {
    if (task.startedAt) return false;
    return task.state === "CREATED" || stateGroupOf(task, this.view.over) === "notRun";
  }

  private blockerOf(task: TaskRunRow) {
    if (!task.task.needs.length) return undefined;
    this.byKey ??= new Map(this.tasks.map((one) => [one.key, one]));
    return blockerOf(task, this.byKey, this.view.over);
  }
}

/** A failed or running foreach is open by default, and the one around the selection. */
function opensByItself(task: TaskRunRow, iterations: readonly Iteration[], { selected }: View): boolean {
  if (selected?.startsWith(`${task.key}[`)) return true;
  return (!isEnded(task.state) && task.startedAt !== null) || iterations.some(hasFailed);
}

const AT_WORK: ReadonlySet<Iteration["state"]> = new Set([
  "RUNNING",
  "KILLING",
  "RETRYING",
  "WAITING_FOR_APPROVAL",
]);

/** An iteration between two of its tasks counts as running; one whose tasks have not started does not. */
function isAtWork({ state, branches }: Iteration): boolean {
  return AT_WORK.has(state) && branches.some(({ task }) => task.startedAt !== null);
}

function isPinned({ task, iterations }: Branch): boolean {
  if (isPressing(task.state)) return true;
  return iterations.some(
    (one) => isPressing(one.state) || one.branches.some((branch) => isPressing(branch.task.state)),
  );
}

function isWithin(key: string | undefined, around: string): boolean {
  return key === around || Boolean(key?.startsWith(`${around}[`));
}

function telling(branches: readonly Branch[]): TaskRunRow {
  const tasks = branches.map(({ task }) => task);
  return (
    tasks.find(({ state }) => isPressing(state)) ??
    tasks.find(({ state }) => AT_WORK.has(state)) ??
    tasks.findLast(({ startedAt }) => startedAt !== null) ??
    tasks[0]!
  );
}

/** "2 more failed, 19 succeeded": "more" where some of the same state are shown above. */
function restWords(shown: readonly Iteration[], rest: readonly Iteration[]): string {
  const above = new Set(shown.map(({ state }) => state));
  const counts = inOrderOfConcern(countsOf(rest)).map(({ state, words }) =>
    above.has(state) ? words.replace(/^\S+/, (number) => `${number} more`) : words,
  );
  return counts.join(", ") || plural(rest.length, "iteration");
}

function membersOf({ task, iterations }: Branch): TaskRunRow[] {
  if (!iterations.length) return [task];
  return [task, ...iterations.flatMap((one) => one.branches.flatMap(membersOf))];
}

function parted<Value>(values: readonly Value[], first: (value: Value) => boolean): [Value[], Value[]] {
  const yes: Value[] = [];
  const no: Value[] = [];
  for (const value of values) (first(value) ? yes : no).push(value);
  return [yes, no];
}
