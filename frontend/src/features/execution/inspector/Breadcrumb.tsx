import { IconChevronRight } from "@tabler/icons-react";
import type { TaskRunRow } from "@/entities/execution/record";
import { crumbsOf } from "./crumbs";
import classes from "./Inspector.module.css";

type Props = { name: string; taskRun: TaskRunRow | undefined; onSelect: (task: string) => void };

/** Whole execution › foreach › task: each part links to it, the last is the shown one. */
export function Breadcrumb({ name, taskRun, onSelect }: Props) {
  const crumbs = taskRun ? crumbsOf(taskRun.key) : [];
  return (
    <nav aria-label="Selection" className={classes.crumbs}>
      {taskRun ? (
        <button type="button" className={classes.crumb} title="Whole execution" onClick={() => onSelect("")}>
          {name}
        </button>
      ) : (
        <h2 className={classes.here}>Whole execution</h2>
      )}
      {crumbs.map(({ words, task }, at) => (
        <span key={task} className={classes.step}>
          <IconChevronRight size={14} stroke={1.75} aria-hidden />
          {at < crumbs.length - 1 ? (
            <button type="button" className={classes.crumb} onClick={() => onSelect(task)}>
              {words}
            </button>
          ) : (
            <h2 className={classes.here} title={taskRun?.iteration?.label}>
              {words}
            </h2>
          )}
        </span>
      ))}
    </nav>
  );
}
