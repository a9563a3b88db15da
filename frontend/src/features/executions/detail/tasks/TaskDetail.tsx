import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { TaskDetailDocument, type TaskRowFragment } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { JsonTree } from "@/shared/ui/JsonTree";
import { Attempts } from "./Attempts";
import classes from "./TaskDetail.module.css";

/** Read when it is opened: inputs and outputs may be large, and the live view is read often. */
export function TaskDetail({ task, seq }: { task: TaskRowFragment; seq: number }) {
  const { data } = useRead(TaskDetailDocument, { id: task.id }, { version: seq });
  const node = data?.node && "inputs" in data.node ? data.node : null;
  return (
    <div className={classes.detail}>
      {task.attempts.length > 0 && <Attempts attempts={task.attempts} />}
      {task.task.needs.length > 0 && <p className={classes.needs}>needs {task.task.needs.join(", ")}</p>}
      {node && (
        <>
          <h3 className={classes.heading}>Outputs</h3>
          <JsonTree value={node.outputs} label={`Outputs of ${task.key}`} />
          <h3 className={classes.heading}>Inputs</h3>
          <JsonTree value={node.inputs} label={`Inputs of ${task.key}`} />
          <details className={classes.source}>
            <summary>Source</summary>
            <pre>{node.task.source}</pre>
          </details>
        </>
      )}
      <Button component={Link} to="." search={{ task: task.id } as never} replace resetScroll={false}>
        Only its logs
      </Button>
    </div>
  );
}
