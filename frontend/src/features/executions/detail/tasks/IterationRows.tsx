import { IterationItemDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { StateBadge } from "@/shared/ui/StateBadge";
import classes from "./Iterations.module.css";
import { type Rows, TaskBranch } from "./TaskBranch";
import { hasFailed, type Iteration, itemWords, shortKey } from "./tree";

type Props = { iteration: Iteration; rows: Rows; told: boolean };

/** The task runs of one iteration; several under a head of their own. `told`: with the item, when it failed. */
export function IterationRows({ iteration, rows, told }: Props) {
  const { index, state, branches } = iteration;
  const single = branches.length === 1;
  const first = branches[0]!.task;
  return (
    <>
      {!single && (
        <p className={classes.head}>
          <span>[{index}]</span>
          <StateBadge state={state} plain />
        </p>
      )}
      {told && hasFailed(iteration) && <Item id={first.id} />}
      <ul className={classes.turn} data-single={single || undefined} aria-label={`Iteration ${index}`}>
        {branches.map((branch) => (
          <TaskBranch
            key={branch.task.id}
            branch={branch}
            rows={rows}
            name={single ? `[${index}] ${shortKey(branch.task.key)}` : shortKey(branch.task.key)}
          />
        ))}
      </ul>
    </>
  );
}

/** Read only for the few that failed: items may be large, and the live view is read often. */
function Item({ id }: { id: string }) {
  const { data } = useRead(IterationItemDocument, { id });
  const iteration = data?.node && "iteration" in data.node ? data.node.iteration : null;
  if (!iteration) return null;
  return <p className={classes.what}>item {itemWords(iteration.item)}</p>;
}
