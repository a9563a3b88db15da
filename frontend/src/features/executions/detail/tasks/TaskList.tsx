import { useState } from "react";
import { Panel } from "@/shared/ui/Panel";
import { isEnded } from "@/shared/ui/stateTokens";
import type { View } from "../view";
import type { TaskAct } from "./TaskDetail";
import { TaskItem } from "./TaskItem";
import classes from "./TaskList.module.css";

export function TaskList({ view, onAct }: { view: View; onAct?: TaskAct }) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (id: string) => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  const ended = view.taskRuns.filter((task) => isEnded(task.state)).length;
  return (
    <Panel
      title="Tasks"
      aside={<span className={classes.count}>{`${ended} of ${view.taskRuns.length} ended`}</span>}
    >
      <ul className={classes.list}>
        {view.taskRuns.map((task) => (
          <TaskItem
            key={task.id}
            task={task}
            seq={view.seq}
            opened={open.has(task.id)}
            onToggle={() => toggle(task.id)}
            onAct={onAct}
          />
        ))}
      </ul>
    </Panel>
  );
}
