import { ExecutionOutputsDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { ErrorState } from "@/shared/ui/ErrorState";
import { isEmpty, JsonTree } from "@/shared/ui/JsonTree";
import { useSelection } from "../../useSelection";
import { FileRow } from "../files/FileRow";
import { None, Section } from "../Section";
import { artifactsOf, type TabProps } from "../tabs";
import { lastOf, TELLS } from "../version";
import { DebugExpression } from "./DebugExpression";
import classes from "./Outputs.module.css";
import { TaskOutputs } from "./TaskOutputs";

/** The outputs of the tasks: values, files, and an expression to evaluate on them. */
export function OutputsTab(props: TabProps) {
  const { record, taskRun } = props;
  const files = artifactsOf(props).filter((one) => one.direction === "OUT");
  return (
    <>
      {!taskRun && <OfExecution record={record} />}
      <TaskOutputs record={record} taskRun={taskRun} />
      <Section title="Files">
        {files.length ? (
          <ul className={classes.files}>
            {files.map((file) => (
              <FileRow key={file.id} file={file}>
                {file.taskKey !== taskRun?.key && <span className={classes.from}>{file.taskKey}</span>}
              </FileRow>
            ))}
          </ul>
        ) : (
          <None>No files.</None>
        )}
      </Section>
      {record.taskRuns.size > 0 && <DebugExpression key={taskRun?.id} record={record} taskRun={taskRun} />}
    </>
  );
}

function OfExecution({ record }: Pick<TabProps, "record">) {
  const { at } = useSelection();
  const { data, error } = useRead(
    ExecutionOutputsDocument,
    { id: record.head.id, at: at ?? null },
    { version: `${record.head.state}${lastOf(record, TELLS)}` },
  );
  const outputs = data?.execution?.outputs;
  if (error && !data) return <ErrorState error={error} what="Outputs of the execution" />;
  if (isEmpty(outputs)) return null;
  return (
    <Section title="Outputs of the execution">
      <JsonTree label="Outputs of the execution" value={outputs} />
    </Section>
  );
}
