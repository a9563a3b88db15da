import { Button } from "@mantine/core";
import { ReactFlowProvider } from "@xyflow/react";
import { useCallback, useMemo, useRef, useState } from "react";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { formatInteger } from "@/shared/lib/number";
import { isMany } from "./facts";
import classes from "./Graph.module.css";
import { Picture } from "./Picture";
import { type Shape, shapeOf, signatureOf } from "./shape";

type Props = {
  record: ExecutionRecord;
  selected: TaskRunRow | undefined;
  text: string;
  onChoose: (key: string) => void;
  onTimeline: () => void;
  /** An earlier moment is shown: the state of subflows at that time is not known. */
  past: boolean;
};

/** The tasks by their needs. Nodes do not move while tasks run: positions depend only on the flow's shape. */
export function Graph(props: Props) {
  const { record, onTimeline } = props;
  const [anyway, setAnyway] = useState(false);
  const tasks = useMemo(() => [...record.taskRuns.values()], [record.taskRuns]);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const [inner, setInner] = useState<ReadonlyMap<string, number>>(new Map());
  const shape = useStable(useMemo(() => shapeOf(tasks, opened, inner), [tasks, opened, inner]));
  const unfold = useCallback(
    (key: string, rows: number) =>
      setInner((before) => (before.get(key) === rows ? before : withRows(before, key, rows))),
    [],
  );
  const open = useCallback((id: string) => setOpened((before) => new Set(before).add(id)), []);
  if (isMany(shape) && !anyway) {
    return (
      <div className={classes.many}>
        <p>
          {formatInteger(shape.nodes.length)} tasks are more than a picture can show well: the timeline lists
          them.
        </p>
        <div className={classes.choices}>
          <Button variant="default" onClick={onTimeline}>
            Show the timeline
          </Button>
          <Button variant="subtle" onClick={() => setAnyway(true)}>
            Draw the graph anyway
          </Button>
        </div>
      </div>
    );
  }
  return (
    <ReactFlowProvider>
      <Picture {...props} tasks={tasks} shape={shape} onOpen={open} onUnfold={unfold} />
    </ReactFlowProvider>
  );
}

/** Sets the number of lines of an opened subflow; removes it when there are none. */
function withRows(before: ReadonlyMap<string, number>, key: string, rows: number) {
  const after = new Map(before).set(key, rows);
  if (!rows) after.delete(key);
  return after;
}

/** The same object for as long as the shape is the same. */
function useStable(shape: Shape): Shape {
  const signature = signatureOf(shape);
  const known = useRef({ signature, shape });
  if (known.current.signature !== signature) known.current = { signature, shape };
  return known.current.shape;
}
