import { ExecutionRef } from "../Links";
import { type Graph, type LineageNode, rowsOf, versionInWords } from "./graph";
import classes from "./Lineage.module.css";

export function LineageTable({ graph }: { graph: Graph }) {
  return (
    <div className={classes.scroll}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Artifact</th>
            <th scope="col">Use</th>
            <th scope="col">Execution</th>
            <th scope="col">Task</th>
          </tr>
        </thead>
        <tbody>
          {rowsOf(graph).map((row) => (
            <tr key={row.key}>
              <td>
                <Named node={row.artifact} />
              </td>
              <td>{row.direction}</td>
              <td>
                <Named node={row.execution} />
              </td>
              <td>{row.task}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Named({ node }: { node: LineageNode }) {
  if ("state" in node) return <ExecutionRef execution={node} live={false} />;
  return (
    <>
      {node.downloadUrl ? (
        <a href={node.downloadUrl} download className={classes.artifact}>
          {node.name}
        </a>
      ) : (
        <span className={classes.artifact}>{node.name}</span>
      )}
      <span className={classes.note}>
        {node.type}, {versionInWords(node.version)}
      </span>
    </>
  );
}
