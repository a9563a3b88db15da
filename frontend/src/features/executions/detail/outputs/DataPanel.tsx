import { ExecutionDataDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { ErrorState } from "@/shared/ui/ErrorState";
import { isEmpty, JsonTree } from "@/shared/ui/JsonTree";
import { Panel } from "@/shared/ui/Panel";
import classes from "./DataPanel.module.css";
import { Metrics } from "./Metrics";

/** What went in and what came out; read again, at most one at a time, whenever the execution has changed. */
export function DataPanel({ id, seq }: { id: string; seq: number }) {
  const { data, error } = useRead(ExecutionDataDocument, { id }, { version: seq });
  const found = data?.execution;
  return (
    <>
      <Panel title="Outputs and inputs">
        {error && <ErrorState error={error} what="Inputs and outputs" />}
        {found && (
          <div className={classes.body}>
            <h3 className={classes.heading}>Outputs</h3>
            <JsonTree value={found.outputs} label="Outputs" />
            <h3 className={classes.heading}>Inputs</h3>
            <JsonTree value={found.inputs} label="Inputs" />
            {!isEmpty(found.properties) && (
              <>
                <h3 className={classes.heading}>Properties</h3>
                <JsonTree value={found.properties} label="Properties" />
              </>
            )}
            {found.artifacts.length > 0 && (
              <>
                <h3 className={classes.heading}>Artifacts</h3>
                <ul className={classes.artifacts}>
                  {found.artifacts.map((artifact) => (
                    <li key={artifact.id}>
                      {artifact.direction === "IN" ? "in" : "out"} <strong>{artifact.name}</strong>{" "}
                      {artifact.type} {artifact.version} <span className={classes.uri}>{artifact.uri}</span>
                    </li>
                  ))}
                </ul>
              </>
            )}
          </div>
        )}
      </Panel>
      {found && found.metrics.length > 0 && (
        <Panel title="Metrics">
          <Metrics metrics={found.metrics} />
        </Panel>
      )}
    </>
  );
}
