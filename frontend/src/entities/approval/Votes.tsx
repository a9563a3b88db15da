import type { ApprovalViewFragment } from "@/shared/graphql/gen/graphql";
import { Time } from "@/shared/ui/Time";
import classes from "./ApprovalCard.module.css";

export function Votes({ votes }: Pick<ApprovalViewFragment, "votes">) {
  if (!votes.length) return null;
  return (
    <ul className={classes.votes} aria-label="Votes">
      {votes.map((vote) => (
        <li key={`${vote.actor.name}${vote.at}`}>
          <strong>{vote.actor.name}</strong> {vote.decision === "APPROVE" ? "approved" : "rejected"}{" "}
          <Time at={vote.at} />
          {vote.override && " (override)"}
          {vote.comment && <>: “{vote.comment}”</>}
        </li>
      ))}
    </ul>
  );
}
