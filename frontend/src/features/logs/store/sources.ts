import { type Line, type LinePage, PAGE, type ReadAround, THE_END } from "../choice";
import type { Source } from "./logSegment";

/** An attempt of a task run, whose lines are together when the log is grouped. */
export type Group = { taskRunId: string; attempt: number };

/** The groups of an execution in their order; new ones are added as tasks start. */
export class Groups {
  private readonly places: ReadonlyMap<string, number>;

  constructor(readonly list: readonly Group[] = []) {
    this.places = new Map(list.map(({ taskRunId, attempt }, at) => [`${taskRunId}/${attempt}`, at]));
  }

  /** Lines without a group come last. */
  placeOf({ taskRunId, attempt }: Pick<Line, "taskRunId" | "attempt">): number {
    return this.places.get(`${taskRunId}/${attempt}`) ?? this.list.length;
  }
}

/** The number of lines that is enough for one step through small groups. */
const ENOUGH = 100;

/** The lines in the order in which they were written. */
export function byTime(read: ReadAround): Source {
  return {
    isByNumber: true,
    rank: () => 0,
    around: (line) => read(line, PAGE),
    older: ({ line }) => read(line, PAGE),
    newer: ({ line }) => read(line + 1, PAGE),
  };
}

/**
 * The lines attempt by attempt. `groups` are in order and may grow; `readOf` reads within one group, `read` in the
 * whole execution.
 */
export function byTask(groups: () => Groups, read: ReadAround, readOf: (group: Group) => ReadAround): Source {
  const rank = (line: Line) => groups().placeOf(line);
  return {
    isByNumber: false,
    rank,
    around: async (wanted) => {
      const { list } = groups();
      if (wanted >= THE_END) return walk(list, readOf, list.length - 1, -1, THE_END);
      const found = await read(wanted, 1);
      const line = found?.lines[0];
      return line ? walk(list, readOf, rank(line), 1, wanted) : found;
    },
    older: (first) => walk(groups().list, readOf, rank(first), -1, first.line),
    newer: (last) => walk(groups().list, readOf, rank(last), 1, last.line + 1),
  };
}

/** Reads from a group on, forwards or backwards, until there are enough lines. */
async function walk(
  groups: readonly Group[],
  readOf: (group: Group) => ReadAround,
  start: number,
  step: 1 | -1,
  from: number,
): Promise<LinePage | undefined> {
  const pages: LinePage[] = [];
  let place = start;
  let around = from;
  while (groups[place]) {
    const page = await readOf(groups[place]!)(around, PAGE);
    if (!page) return undefined;
    pages.push(page);
    if (hasEnough(pages) || goesOn(page, step)) break;
    place += step;
    around = step > 0 ? 1 : THE_END;
  }
  const [lowest, highest] = step > 0 ? [start, place] : [place, start];
  const inOrder = step > 0 ? pages : pages.toReversed();
  return {
    lines: inOrder.flatMap((page) => page.lines),
    hasOlder: lowest > 0 || Boolean(inOrder[0]?.hasOlder),
    hasNewer: highest < groups.length - 1 || Boolean(inOrder.at(-1)?.hasNewer),
  };
}

function hasEnough(pages: readonly LinePage[]): boolean {
  return pages.reduce((sum, page) => sum + page.lines.length, 0) >= ENOUGH;
}

function goesOn(page: LinePage, step: 1 | -1): boolean {
  return step > 0 ? page.hasNewer : page.hasOlder;
}
