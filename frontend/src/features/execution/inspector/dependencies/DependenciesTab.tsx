import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { DependenciesDocument, type DependencyFragment } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { quoted } from "@/shared/lib/searchTerm";
import { ErrorState } from "@/shared/ui/ErrorState";
import { AsNow } from "../AsNow";
import { ExecutionRef } from "../Links";
import { None, Section } from "../Section";
import { TabWaiting } from "../TabWaiting";
import type { TabProps } from "../tabs";
import classes from "./Dependencies.module.css";
import { type Relation, relationsOf } from "./relations";

/** At most this many related executions are followed live, each with a subscription. */
const FOLLOWED = 20;

/** The related executions and flows of this execution; for a task, those of its subflow. */
export function DependenciesTab({ record, taskRun, at }: TabProps) {
  const { head, children } = record;
  const { data, error, loading } = useRead(
    DependenciesDocument,
    { id: head.id },
    { version: `${children.size}${head.state}` },
  );
  const executions = data?.execution?.dependencies;
  const flow = data?.execution?.flow;
  if (error && !data) return <ErrorState error={error} what="Dependencies" />;
  if (loading) return <TabWaiting label="Loading dependencies" />;
  const byId = new Map(executions?.nodes.map((one) => [one.id, one]));
  const flows = new Map(flow?.dependencies.nodes.map((one) => [one.id, one]));
  return (
    <>
      {at !== undefined && <AsNow />}
      <Relations
        title="Executions"
        of={head.id}
        edges={(executions?.edges ?? []).filter((edge) => ofTask(edge, head.id, taskRun?.key))}
        truncated={executions?.truncated ?? false}
        none="No related executions."
        draw={(id, at) => {
          const execution = byId.get(id);
          return (
            execution && (
              <ExecutionRef
                execution={children.get(id) ?? execution}
                live={at < FOLLOWED && !children.has(id)}
              />
            )
          );
        }}
      />
      {flow && (
        <Relations
          title="Flows"
          of={flow.id}
          edges={flow.dependencies.edges.filter((edge) => ofTask(edge, flow.id, taskRun?.key))}
          truncated={flow.dependencies.truncated}
          none="No related flows."
          draw={(id, at) => {
            const other = flows.get(id);
            const last = other?.executions.nodes[0];
            if (!other) return null;
            return (
              <>
                <Link
                  to="/executions"
                  search={{ q: `namespace:${quoted(other.namespace)} flow:${quoted(other.key)}` }}
                >
                  {other.namespace} / {other.key}
                </Link>
                {last ? <ExecutionRef execution={last} live={at < FOLLOWED} /> : <span>has not run</span>}
              </>
            );
          }}
        />
      )}
    </>
  );
}

function ofTask(edge: DependencyFragment, own: string, key: string | undefined): boolean {
  return key === undefined || edge.from !== own || edge.taskKey === key;
}

type Props = {
  title: string;
  of: string;
  edges: readonly DependencyFragment[];
  truncated: boolean;
  none: string;
  draw: (id: string, at: number) => ReactNode;
};

function Relations({ title, of, edges, truncated, none, draw }: Props) {
  const { up, down } = relationsOf(of, edges);
  return (
    <Section title={title} note={truncated && "there are more than are shown"}>
      {!up.length && !down.length && <None>{none}</None>}
      <Rows title="Started by" rows={up} draw={draw} />
      <Rows title="Started" rows={down} draw={draw} />
    </Section>
  );
}

function Rows({ title, rows, draw }: { title: string; rows: readonly Relation[]; draw: Props["draw"] }) {
  if (!rows.length) return null;
  return (
    <>
      <h4 className={classes.way}>{title}</h4>
      <ul className={classes.rows}>
        {rows.map(({ id, steps, words }, at) => (
          <li key={id} className={classes.row}>
            {draw(id, at)}
            <span className={classes.words}>
              {words}
              {steps > 1 && `, ${steps} steps away`}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
