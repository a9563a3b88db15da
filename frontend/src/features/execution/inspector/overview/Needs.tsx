import { useMemo } from "react";
import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { isEnded } from "@/shared/ui/stateTokens";
import { ExecutionRef, TaskLink } from "../Links";
import { Fact, Facts, Section } from "../Section";
import { neighboursOf } from "./neighbours";

type Props = { record: ExecutionRecord; taskRun: TaskRunRow };

/** The needs and the dependents of the task, with their states. */
export function Needs({ record, taskRun }: Props) {
  const { needs, neededBy } = useMemo(
    () => neighboursOf(taskRun, record.taskRuns.values()),
    [taskRun, record.taskRuns],
  );
  const over = isEnded(record.head.state);
  if (!needs.length && !neededBy.length && !taskRun.child && !taskRun.cachedFrom) return null;
  return (
    <Section title="Depends on / needed by">
      <Facts>
        <Fact name="Depends on">
          {needs.length > 0 && needs.map((task) => <TaskLink key={task.id} task={task} over={over} />)}
        </Fact>
        <Fact name="Needed by">
          {neededBy.length > 0 && neededBy.map((task) => <TaskLink key={task.id} task={task} over={over} />)}
        </Fact>
        <Fact name="Subflow">
          {taskRun.child && (
            <ExecutionRef execution={record.children.get(taskRun.child.id) ?? taskRun.child} />
          )}
        </Fact>
        <Fact name="Cached from">
          {taskRun.cachedFrom && <ExecutionRef execution={taskRun.cachedFrom} />}
        </Fact>
      </Facts>
    </Section>
  );
}
