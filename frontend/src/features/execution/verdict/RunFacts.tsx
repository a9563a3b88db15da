import { Link } from "@tanstack/react-router";
import type { Head } from "@/entities/execution/record";
import { SameErrorDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { formatCount, formatInteger } from "@/shared/lib/number";
import type { Facts } from "../useFacts";
import { changedSince } from "./changed";
import { RunCells } from "./RunCells";
import classes from "./RunFacts.module.css";

type Props = { head: Head; facts: Facts | undefined };

/** Below the line: the flow's last executions, what changed, and others with the same error. */
export function RunFacts({ head, facts }: Props) {
  return (
    <div className={classes.facts}>
      <RunCells head={head} />
      {facts?.lastSuccess && <Changes head={head} facts={facts} then={facts.lastSuccess} />}
      {facts && !facts.lastSuccess && <span>No earlier success</span>}
      {facts?.resolvedBy && (
        <span>
          Solved by{" "}
          <Link to="/executions/$id" params={{ id: facts.resolvedBy.id }} search={{}}>
            {facts.resolvedBy.name}
          </Link>
        </span>
      )}
      {head.failure && head.failure.code !== "CHANGE_STATE" && (
        <SameError id={head.id} fingerprint={head.failure.fingerprint} />
      )}
    </div>
  );
}

type ChangesProps = { head: Head; facts: Facts; then: NonNullable<Facts["lastSuccess"]> };

/** The most changes in the strip; the others are on the page that compares the two. */
const MOST = 4;

/** Each change links to the comparison of both executions. */
function Changes({ head, facts, then }: ChangesProps) {
  const changes = changedSince(then, { inputs: facts.inputs, revision: head.revision, git: head.git });
  const more = changes.length - MOST;
  const both = { ids: `${then.id},${head.id}`, baseline: then.id };
  return (
    <div className={classes.fact}>
      <span>
        {changes.length ? "Changed since the last success" : "Nothing changed since the last success"}
      </span>
      {changes.slice(0, MOST).map(({ name, words, whole }) => (
        <Link key={name} className={classes.change} to="/compare" search={both} title={whole}>
          {words}
        </Link>
      ))}
      <Link to="/compare" search={both} title={`Compare with ${then.name}`}>
        {more > 0 ? `Compare to see ${formatInteger(more)} more` : "Compare"}
      </Link>
    </div>
  );
}

/** The number of others with the same error today, by the same search that its link opens. */
function SameError({ id, fingerprint }: { id: string; fingerprint: string }) {
  const search = `error:${fingerprint} date:today NOT id:${id}`;
  const { data } = useRead(SameErrorDocument, { search });
  const count = data?.executions.totalCount;
  if (!count?.value) return null;
  const one = count.value === 1 && count.exact;
  return (
    <Link className={classes.push} to="/executions" search={{ q: search }}>
      Same error in {formatCount(count)} other {one ? "execution" : "executions"} today
    </Link>
  );
}
