import { Kbd } from "@mantine/core";
import type { ReactNode } from "react";
import type { TaskRunRow } from "@/entities/execution/record";
import { aboveWords } from "@/entities/taskRun/levels";
import classes from "./LogsPanel.module.css";

type Props = {
  /** The number of lines. */
  children: ReactNode;
  taskRun: TaskRunRow | undefined;
  attempt: number | undefined;
  /** The seq of a moment in the past. */
  at: number | undefined;
  /** A message about the last action, for example "Copied 11 lines". */
  said: string;
};

export function LogFoot({ children, taskRun, attempt, at, said }: Props) {
  const attempts = taskRun?.attempts ?? [];
  const shown = attempts.find(({ number }) => number === attempt) ?? attempts.at(-1);
  return (
    <footer className={classes.foot}>
      {children}
      {shown && attempts.length > 1 && (
        <span>
          {attempt === undefined ? `${attempts.length} attempts` : `attempt ${attempt} of ${attempts.length}`}
        </span>
      )}
      {shown?.exitCode != null && <span className={classes.wide}>exit code {shown.exitCode}</span>}
      <span role="status" className={classes.said}>
        {said}
      </span>
      <span className={classes.keys} aria-hidden="true">
        <Kbd size="xs">/</Kbd> search <Kbd size="xs">g</Kbd> line <Kbd size="xs">e</Kbd> next error
        {taskRun && (
          <>
            {" "}
            <Kbd size="xs">Esc</Kbd> {aboveWords({ at, attempt }, taskRun.key)}
          </>
        )}
      </span>
    </footer>
  );
}
