import type { ExecutionRecord, TaskRunRow } from "@/entities/execution/record";
import { useSelection } from "../../useSelection";
import { Fact, Facts, Section } from "../Section";
import { workerName } from "../worker";
import classes from "./Where.module.css";

/** The worker that ran the task, and where the task is defined. */
export function Where({ record: { head }, taskRun }: { record: ExecutionRecord; taskRun: TaskRunRow }) {
  const { select } = useSelection();
  const workers = [...new Set(taskRun.attempts.flatMap(({ worker }) => (worker ? workerName(worker) : [])))];
  return (
    <Section title="Where">
      <Facts>
        <Fact name="Type">{taskRun.task.type}</Fact>
        <Fact name="Worker">{workers.join(", ")}</Fact>
        <Fact name="Item">{taskRun.iteration?.label}</Fact>
        <Fact name="Defined in">
          {head.revision && (
            <button type="button" className={classes.link} onClick={() => select({ tab: "source" })}>
              {head.flowKey} revision {head.revision.number}
            </button>
          )}
        </Fact>
      </Facts>
    </Section>
  );
}
