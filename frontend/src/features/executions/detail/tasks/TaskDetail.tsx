import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type Action, TaskDetailDocument, type TaskRowFragment } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { JsonTree } from "@/shared/ui/JsonTree";
import { type ActionSpec, specOf } from "../../actions/registry";
import { Attempts } from "./Attempts";
import classes from "./TaskDetail.module.css";

export type TaskAct = (spec: ActionSpec, task: TaskRowFragment) => void;

const WORDS: Partial<Record<Action, string>> = {
  REPLAY: "Replay from here",
  CHANGE_TASK_RUN_STATE: "Change state",
};

type Given = { state: string; outputs: unknown; properties: unknown };

/** Outputs and properties of an attempt that did not succeed reach no other task: they are shown apart. */
function isSetAside({ state, outputs, properties }: Given): boolean {
  return state !== "SUCCESS" && state !== "RUNNING" && [outputs, properties].some(isFilled);
}

function isFilled(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

/** Read when it is opened: inputs and outputs may be large, and the live view is read often. */
export function TaskDetail({ task, seq, onAct }: { task: TaskRowFragment; seq: number; onAct?: TaskAct }) {
  const { data } = useRead(TaskDetailDocument, { id: task.id }, { version: seq });
  const node = data?.node && "inputs" in data.node ? data.node : null;
  return (
    <div className={classes.detail}>
      {task.attempts.length > 0 && <Attempts attempts={task.attempts} />}
      {task.task.needs.length > 0 && <p className={classes.needs}>needs {task.task.needs.join(", ")}</p>}
      {node && (
        <>
          {node.iteration && (
            <>
              <h3 className={classes.heading}>Iteration</h3>
              <JsonTree value={node.iteration} label={`Iteration of ${task.key}`} />
            </>
          )}
          <h3 className={classes.heading}>Outputs</h3>
          <JsonTree value={node.outputs} label={`Outputs of ${task.key}`} />
          {node.attempts.filter(isSetAside).map(({ id, number, outputs, properties }) => (
            <details key={id} className={classes.source}>
              <summary>Set by attempt {number}, which did not succeed</summary>
              <JsonTree value={{ outputs, properties }} label={`Set by attempt ${number} of ${task.key}`} />
            </details>
          ))}
          <h3 className={classes.heading}>Inputs</h3>
          <JsonTree value={node.inputs} label={`Inputs of ${task.key}`} />
          <details className={classes.source}>
            <summary>Source</summary>
            <pre>{node.task.source}</pre>
          </details>
        </>
      )}
      <div className={classes.buttons}>
        <Button component={Link} to="." search={{ task: task.id } as never} replace resetScroll={false}>
          Only its logs
        </Button>
        {onAct &&
          task.availableActions
            .filter((offer) => WORDS[offer.action])
            .map((offer) => (
              <Button
                key={offer.action}
                disabled={!offer.allowed}
                title={offer.reason ?? undefined}
                onClick={() => onAct(specOf(offer.action), task)}
              >
                {WORDS[offer.action]}
              </Button>
            ))}
      </div>
    </div>
  );
}
