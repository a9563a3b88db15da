import {
  useCallback,
  useEffect,
  useEffectEvent,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { keep, kept, usePreferences } from "@/shared/lib/preferences";
import { useLogAddress } from "./address/useLogAddress";
import type { Line } from "./choice";
import {
  choiceOf,
  failureLineOf,
  foreachOf,
  groupsOf,
  isGrowing,
  type Selected,
  separatorWords,
} from "./choose";
import { useCopy } from "./copying/useCopy";
import type { Goal, Seen } from "./lines/view";
import { including, marksOf } from "./search/matches";
import { useMatches } from "./search/useMatches";
import { useSteps } from "./search/useSteps";
import { extentOf, type OpenLog, useLog } from "./store/useLog";
import { useWhole } from "./useWhole";

const WRAP = "headway.logs.wrap";
const BY_TASK = "headway.logs.byTask";
/** The most marks: the ruler has so few pixels that more would add nothing. */
const MARKED_AT_MOST = 20_000;

export type LogPanel = ReturnType<typeof useLogPanel>;

/** The state and the handlers of the log panel, for the selection of the page. */
export function useLogPanel({ record, taskRun, attempt }: Pick<Selected, "record" | "taskRun" | "attempt">) {
  const { zone } = usePreferences();
  const address = useLogAddress();
  const { search, range } = address;
  const { level, stream, at, find = "" } = search;
  const selected: Selected = { record, taskRun, attempt, level, stream, at };
  const choice = choiceOf(selected);
  const growing = isGrowing(selected, choice);
  const failureLine = failureLineOf(selected);
  const foreach = foreachOf(selected);
  const groups = useMemo(() => groupsOf(record, foreach), [record, foreach]);

  const [wrapChosen, setWrap] = useKept<boolean | undefined>(WRAP, undefined);
  const [byTaskChosen, setByTask] = useKept(BY_TASK, false);
  const canGroup = taskRun ? foreach !== undefined : record.taskRuns.size > 1;
  const byTask = canGroup && byTaskChosen;
  const separated = !canGroup && (taskRun?.attempts.length ?? 0) > 1;

  const place = useRef<(Seen & { following: boolean }) | null>(null);
  const openAt = openingOf(range?.from ?? null, place.current, failureLine);
  const form = { wrap: wrapChosen, byTask, separated };
  const { open, error } = useLog(choice, form, groups, openAt, growing);
  const { goal, onGo } = useGoals(open, range, address.visit);
  const arrived = useArrived(open);
  const extent = extentOf(open);

  const matches = useMatches(choice, find ? { text: find, minLevel: null } : null, open?.store);
  const found = useMatches(choice, { text: null, minLevel: "ERROR" }, open?.store);
  const warnings = useMatches(choice, { text: null, minLevel: "WARN" }, open?.store, MARKED_AT_MOST);
  const errors = { ...found, lines: including(found.lines, level === "ERROR" ? null : failureLine) };
  const marks = useMemo(
    () => marksOf(errors.lines, warnings.lines, { begin: extent.from, end: extent.to }),
    [errors.lines, warnings.lines, extent.from, extent.to],
  );
  const steps = useSteps({
    find,
    matches,
    errors: errors.lines,
    initial: range ? null : failureLine,
    placed: range !== null,
    seen: () => place.current ?? { top: extent.from, bottom: extent.to },
    go: (line) => onGo({ line, unlessSeen: true }),
  });

  useNextFailure(failureLine, (before, line) => {
    const isThere = before !== null && steps.current === before;
    if (!range && (isThere || place.current?.following)) steps.goTo(line);
  });

  return {
    ...address,
    choice,
    growing,
    open,
    error,
    goal,
    onGo,
    find,
    matches,
    errors,
    marks,
    steps,
    byTask,
    setByTask,
    canGroup,
    wrap: open?.wrap ?? wrapChosen ?? true,
    setWrap,
    copying: useCopy(choice, range, byTask ? groups : null),
    extent,
    total: open && { value: open.total.value + arrived, exact: open.total.exact },
    whole: useWhole(choice, record, extent.to),
    isMissing: useMissing(open, range?.from ?? null),
    isError: useCallback((line: Line) => line.level === "ERROR" || line.line === failureLine, [failureLine]),
    wordsOf: (before: Line) => separatorWords(record, before, byTask, zone),
    onSeen: (seen: Seen, following: boolean) => {
      place.current = { ...seen, following };
    },
  };
}

/** The opening position: the line of the URL, else the previous position, else the cause of the failure; null for the end. */
export function openingOf(
  named: number | null,
  place: (Seen & { following: boolean }) | null,
  failureLine: number | null,
): number | null {
  if (place) return place.following ? null : place.top;
  return named ?? failureLine;
}

/** Reports when another line is the cause of the failure, as after a restart, and which one was before. */
function useNextFailure(failureLine: number | null, failed: (before: number | null, line: number) => void) {
  const known = useRef(failureLine);
  const tell = useEffectEvent(failed);
  useEffect(() => {
    if (failureLine === null || failureLine === known.current) return;
    tell(known.current, failureLine);
    known.current = failureLine;
  }, [failureLine]);
}

/** The current scroll target. A target of a log that is no longer open is ignored. */
function useGoals(open: OpenLog | undefined, range: { from: number } | null, visit: string) {
  const [target, setTarget] = useState<{ key: string | undefined; goal: Goal } | null>(null);
  const opening = useMemo<Goal | null>(() => (open && open.at !== null ? { line: open.at } : null), [open]);
  const onGo = (goal: Goal) => setTarget({ key: open?.key, goal });
  const visited = useEffectEvent(() => {
    if (range && open) onGo({ line: range.from, unlessSeen: true });
  });
  const first = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each visit of a URL with lines scrolls there
  useEffect(() => {
    if (!first.current) visited();
    first.current = false;
  }, [range, visit]);
  return { goal: target && target.key === open?.key ? target.goal : opening, onGo };
}

function useArrived(open: OpenLog | undefined): number {
  return useSyncExternalStore(open?.store.subscribe ?? nothing, () => open?.store.arrived ?? 0);
}

function useMissing(open: OpenLog | undefined, line: number | null): boolean {
  return useSyncExternalStore(
    open?.store.subscribe ?? nothing,
    () => open !== undefined && line !== null && open.store.count > 0 && !open.store.mayHave(line),
  );
}

const nothing = () => () => {};

/** A choice that is saved in this browser. */
function useKept<Value>(name: string, otherwise: Value): [Value, (value: Value) => void] {
  const [value, setValue] = useState(() => kept<Value>(name) ?? otherwise);
  const set = (next: Value) => {
    keep(name, next);
    setValue(next);
  };
  return [value, set];
}
