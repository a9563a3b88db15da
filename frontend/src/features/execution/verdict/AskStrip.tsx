import { useState } from "react";
import { LazyDecisionForm } from "@/entities/approval/LazyDecisionForm";
import { seatsOf, signersOf } from "@/entities/approval/rules";
import { Votes } from "@/entities/approval/Votes";
import type { ApprovalViewFragment } from "@/shared/graphql/gen/graphql";
import { formatDuration } from "@/shared/lib/duration";
import { useKeys } from "@/shared/lib/keys";
import { useNow } from "@/shared/lib/now";
import { formatAgo } from "@/shared/lib/time";
import { SelectLink } from "./SelectLink";
import { Strip } from "./Strip";
import classes from "./Strip.module.css";

type Props = {
  id: string;
  /** Those that wait, the one to show first. */
  pending: readonly ApprovalViewFragment[];
};

/** The question of an approval, who may answer, and the answer right here. */
export function AskStrip({ id, pending }: Props) {
  const [chosen, setChosen] = useState<string>();
  const approval = pending.find((one) => one.id === chosen) ?? pending[0]!;
  const others = pending.filter((one) => one !== approval);
  useKeys("Approval", [{ key: "a", words: "go to the decision", run: focusDecision }]);
  return (
    <Strip
      key={approval.id}
      label={`Approval needed: ${approval.taskRun.key}`}
      tone="ask"
      who={<Who id={id} approval={approval} />}
      cause={approval.message}
      also={
        <>
          <Votes votes={approval.votes} />
          {others.length > 0 && (
            <ul aria-label="Other questions">
              {others.map((other) => (
                <li key={other.id}>
                  <button type="button" className={classes.other} onClick={() => setChosen(other.id)}>
                    {other.taskRun.key}: {other.message}
                  </button>
                </li>
              ))}
            </ul>
          )}
        </>
      }
      fix={<LazyDecisionForm key={approval.id} approval={approval} compact />}
    />
  );
}

function focusDecision(): void {
  document.querySelector<HTMLElement>("[data-approval-comment], [data-approve]")?.focus();
}

/** "review waits for ml-leads, you are one of them, 0 of 1 given · asked 6m ago, due in 54m 00s" */
function Who({ id, approval }: { id: string; approval: ApprovalViewFragment }) {
  const now = useNow(true);
  const { taskRun, canDecide, expiresAt, requestedAt } = approval;
  const left = expiresAt ? (Date.parse(expiresAt) - now) / 1000 : null;
  return (
    <>
      <SelectLink id={id} part={{ task: taskRun.key, attempt: undefined }} className={classes.task}>
        {taskRun.key}
      </SelectLink>{" "}
      waits for {signersOf(approval)}
      {canDecide && ", you are one of them"}, {seatsOf(approval)} given · asked{" "}
      {formatAgo(Date.parse(requestedAt), now)}
      {left !== null && (left > 0 ? `, due in ${formatDuration(left)}` : ", overdue")}
    </>
  );
}
