import { useMemo, useRef, useState } from "react";
import type { ExecutionRecord } from "@/entities/execution/record";
import { type StateGroup, stateGroupOf } from "@/entities/taskRun/stateGroup";
import { isEnded } from "@/shared/ui/stateTokens";
import type { Stretch } from "./critical";
import { matchingRows, type Row, rowsOf } from "./rows";
import { inOrder, reused } from "./steady";

export type Filter = { text: string; group: StateGroup | null };

const NONE: ReadonlySet<string> = new Set();

/** The lines of the timeline. While the pointer is over them they keep their places; their content stays live. */
export function useRows(
  record: ExecutionRecord,
  filter: Filter,
  { selected, path }: { selected: string | undefined; path: readonly Stretch[] },
) {
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [pointed, setPointed] = useState(false);
  const before = useRef<{ rows: readonly Row[]; byId: ReadonlyMap<string, Row>; shape: unknown[] }>({
    rows: [],
    byId: new Map(),
    shape: [],
  });

  const rows = useMemo(() => {
    const over = isEnded(record.head.state);
    const shape = [filter.text, filter.group, toggled, record.head.id];
    const hold = pointed && shape.every((part, index) => part === before.current.shape[index]);
    const held = hold ? before.current.rows.map(({ id }) => id) : [];
    const keep = hold ? new Set(held) : NONE;
    const cause = record.head.failure?.taskRun?.key;
    const view = {
      over,
      toggled,
      keep,
      selected,
      cause,
      children: record.children,
      critical: new Set(path.map(({ id }) => id)),
    };
    const made = isFiltering(filter)
      ? matchingRows(matching(record, filter, over), view)
      : rowsOf([...record.taskRuns.values()], view);
    const rows = reused(before.current.byId, hold ? inOrder(made, held) : made);
    before.current = { rows, byId: new Map(rows.map((row) => [row.id, row])), shape };
    return rows;
  }, [record, filter, toggled, pointed, selected, path]);

  const toggle = (id: string, open: boolean) => setToggled((known) => new Map(known).set(id, open));
  const pointer = {
    onPointerEnter: (event: { pointerType: string }) => setPointed(event.pointerType === "mouse"),
    onPointerLeave: () => setPointed(false),
  };
  return { rows, toggle, pointer };
}

export function isFiltering({ text, group }: Filter): boolean {
  return text.trim() !== "" || group !== null;
}

function matching(record: ExecutionRecord, { text, group }: Filter, over: boolean) {
  const wanted = text.trim().toLowerCase();
  return [...record.taskRuns.values()].filter(
    (task) =>
      (!group || stateGroupOf(task, over) === group) &&
      (task.key.toLowerCase().includes(wanted) || task.iteration?.label.toLowerCase().includes(wanted)),
  );
}
