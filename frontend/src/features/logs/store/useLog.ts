import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { type Client, type CombinedError, type OperationResult, useClient } from "urql";
import {
  LogAroundDocument,
  LogLiveDocument,
  LogOpeningDocument,
  type LogOpeningQuery,
} from "@/shared/graphql/gen/graphql";
import { useLive } from "@/shared/graphql/live";
import { untilAnswered } from "@/shared/graphql/retry";
import type { LineRange } from "../address/lineRange";
import { type Choice, isNarrowed, LEVELS, PAGE, type ReadAround, THE_END } from "../choice";
import { LogPages } from "./logPages";
import { LogSegment, type Source } from "./logSegment";
import type { LogStore } from "./logStore";
import { byTask, byTime, type Groups } from "./sources";

/** The display options of a log; `wrap` is undefined while the viewer has not chosen: then the length decides. */
export type Form = { wrap: boolean | undefined; byTask: boolean; separated: boolean };
export type OpenLog = {
  key: string;
  store: LogStore;
  wrap: boolean;
  /** The first and the last line number when it was opened; 0 for an empty log. */
  begin: number;
  end: number;
  /** The number of lines then. */
  total: { value: number; exact: boolean };
  cursor: string | null;
  /** The line that it was opened at; null for the end. */
  at: number | null;
};

/** Up to this number of lines, they wrap unless the viewer chose otherwise. */
const WRAPPED_UP_TO = 20_000;

type Opened = NonNullable<LogOpeningQuery["execution"]>;

/** Opens the log at a line or at its end, and subscribes to new lines. The previous log stays until the new one is loaded. */
export function useLog(choice: Choice, form: Form, groups: Groups, at: number | null, growing: boolean) {
  const client = useClient();
  const [open, setOpen] = useState<OpenLog>();
  const [error, setError] = useState<CombinedError>();
  const key = JSON.stringify([choice, form]);
  const opening = useRef(at);
  opening.current = at;
  const current = useRef(groups);
  current.current = groups;
  const order = form.byTask
    ? groups.list.map(({ taskRunId, attempt }) => `${taskRunId}/${attempt}`).join()
    : "";
  // biome-ignore lint/correctness/useExhaustiveDependencies: the lines follow another order of the groups
  useEffect(() => open?.store.reorder(), [open, order]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key represents choice and form
  useEffect(() => {
    const closing = new AbortController();
    const ask: Ask = (query) => untilAnswered(query, setError, closing.signal);
    const start = opening.current;
    const read = readerOf(client, choice, ask);
    const source = form.byTask
      ? byTask(
          () => current.current,
          read,
          (group) => readerOf(client, { ...choice, ...group }, ask),
        )
      : byTime(read);
    const opened = async (answer: Opened) => {
      const next = openedOf({ key, choice, form, answer, read, source, at: start });
      if (form.byTask) await next.store.reach(start ?? THE_END);
      if (!closing.signal.aborted) setOpen(next);
    };
    const variables = { ...choice, around: start ?? THE_END, first: PAGE };
    void ask(() => client.query(LogOpeningDocument, variables).toPromise()).then(
      (data) => data?.execution && opened(data.execution),
    );
    return () => closing.abort();
  }, [client, key]);

  const liveError = useGrowth(choice, open?.key === key ? open : undefined, growing);
  return { open, error: error ?? liveError, isCurrent: open?.key === key };
}

/** Appends new lines, also after a restart of the execution. */
function useGrowth(choice: Choice, open: OpenLog | undefined, growing: boolean): CombinedError | undefined {
  const store = open?.store;
  const cursor = useRef<{ of: OpenLog | undefined; value: string | null }>({ of: undefined, value: null });
  if (cursor.current.of !== open) cursor.current = { of: open, value: open?.cursor ?? null };
  const complete = useSyncExternalStore(store?.subscribe ?? noStore, () => store?.complete ?? false);
  const [grew, setGrew] = useState(growing);
  useEffect(() => {
    if (growing && !grew) store?.reopen();
    setGrew(growing);
  }, [growing, grew, store]);
  const { moment, ...live } = choice;
  return useLive(
    LogLiveDocument,
    { ...live, after: open?.cursor ?? null },
    {
      paused: !store || complete || moment !== null,
      resume: () => ({ after: cursor.current.value }),
      onData: ({ logs }) => {
        cursor.current.value = logs.cursor;
        store?.receive(logs.lines, logs.complete);
      },
    },
  );
}

const noStore = () => () => {};

/** Runs a query until it is answered, or once; undefined when there is no answer. */
export type Ask = <Data>(query: () => Promise<OperationResult<Data>>) => Promise<Data | undefined>;

/** Reads pages of a choice. */
export function readerOf(client: Client, choice: Choice, ask: Ask): ReadAround {
  return async (around, first) => {
    const variables = { ...choice, around: Math.min(around, THE_END), first };
    const answer = await ask(() => client.query(LogAroundDocument, variables).toPromise());
    const logs = answer?.execution?.logs;
    return (
      logs && {
        lines: logs.nodes,
        hasOlder: logs.pageInfo.hasPreviousPage,
        hasNewer: logs.pageInfo.hasNextPage,
      }
    );
  };
}

type Opening = {
  key: string;
  choice: Choice;
  form: Form;
  answer: Opened;
  read: ReadAround;
  source: Source;
  at: number | null;
};

function openedOf(opening: Opening): OpenLog {
  const { key, choice, form, answer, at } = opening;
  const begin = answer.begin.nodes[0]?.line ?? 0;
  const ended = endOf(answer);
  const { end } = ended;
  const wrap = form.wrap ?? end - begin < WRAPPED_UP_TO;
  const total = totalOf(choice, answer.logCounts) ?? answer.end.totalCount;
  const cursor = ended.cursor;
  return { key, store: storeOf(opening, wrap, end), wrap, begin, end, total, cursor, at };
}

/** The end of the log. Page and end are read one after the other: lines written in between must not count as loaded. */
function endOf({ page, end }: Opened): { end: number; cursor: string | null } {
  const last = page.pageInfo.hasNextPage ? end : page;
  return { end: last.nodes.at(-1)?.line ?? 0, cursor: last.pageInfo.endCursor };
}

function storeOf({ choice, form, answer, read, source }: Opening, wrap: boolean, end: number): LogStore {
  const { nodes: lines, pageInfo } = answer.page;
  const separated = form.separated || form.byTask;
  if (!wrap && !separated && !isNarrowed(choice)) {
    const pages = new LogPages(end, read);
    pages.add({ lines });
    return pages;
  }
  const segment = new LogSegment(source, { separated });
  if (!form.byTask)
    segment.begin({ lines, hasOlder: pageInfo.hasPreviousPage, hasNewer: pageInfo.hasNextPage });
  return segment;
}

/** Counts by level are exact where a plain count is capped, but do not include streams. */
function totalOf({ minLevel, stream }: Choice, counts: Opened["logCounts"]) {
  if (stream !== null) return undefined;
  const from = LEVELS.indexOf(minLevel ?? "TRACE");
  const counted = counts.filter(({ level }) => LEVELS.indexOf(level) >= from).map(({ count }) => count);
  const value = counted.reduce((sum, count) => sum + count.value, 0);
  return { value, exact: counted.every((count) => count.exact) };
}

/** The first and the last line number, including lines that arrived since it was opened. */
export function extentOf(open: OpenLog | undefined): LineRange {
  if (!open) return { from: 0, to: 0 };
  const { begin, end, store } = open;
  return { from: begin || store.arrivedFrom, to: Math.max(end, store.arrivedTo) };
}

/** Renders again whenever the log has changed. */
export function useVersion(store: LogStore): number {
  return useSyncExternalStore(store.subscribe, store.getVersion);
}
