import { useMemo, useState } from "react";
import { Panel } from "@/shared/ui/Panel";
import { isEnded } from "@/shared/ui/stateTokens";
import type { View } from "../view";
import { type Rows, TaskBranch } from "./TaskBranch";
import type { TaskAct } from "./TaskDetail";
import classes from "./TaskList.module.css";
import { branchesOf } from "./tree";

export function TaskList({ view, onAct }: { view: View; onAct?: TaskAct }) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (id: string) => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  const branches = useMemo(() => branchesOf(view.taskRuns), [view.taskRuns]);
  const ended = view.taskRuns.filter((task) => isEnded(task.state)).length;
  const rows: Rows = { seq: view.seq, open, toggle, onAct };
  return (
    <Panel
      title="Tasks"
      aside={<span className={classes.count}>{`${ended} of ${view.taskRuns.length} ended`}</span>}
    >
      <ul className={classes.list}>
        {branches.map((branch) => (
          <TaskBranch key={branch.task.id} branch={branch} rows={rows} />
        ))}
      </ul>
    </Panel>
  );
}
