import { Button } from "@mantine/core";
import { LazyDecisionForm } from "@/entities/approval/LazyDecisionForm";
import { decidedWords, resultWords, seatsOf, signersOf } from "@/entities/approval/rules";
import { Votes } from "@/entities/approval/Votes";
import type { ApprovalViewFragment } from "@/shared/graphql/gen/graphql";
import { formatDuration } from "@/shared/lib/duration";
import { useKeys } from "@/shared/lib/keys";
import { useNow } from "@/shared/lib/now";
import { formatAgo } from "@/shared/lib/time";
import { SelectLink } from "./SelectLink";
import { Strip } from "./Strip";
import classes from "./Strip.module.css";
import type { Given, Question } from "./useQuestion";

type Props = {
  id: string;
  approval: ApprovalViewFragment;
  question: Question;
};

/** An approval request with its approvers and the form; then its result, in the same place. */
export function AskStrip({ id, approval, question }: Props) {
  const { others, given, show } = question;
  const isOpen = approval.state === "PENDING" && !given;
  useKeys("Approval", [{ key: "a", words: "go to the decision", run: focusDecision }]);
  return (
    <Strip
      key={approval.id}
      label={`${isOpen ? "Approval needed" : "Decision"}: ${approval.taskRun.key}`}
      tone="ask"
      who={isOpen ? <Who id={id} approval={approval} /> : <Decided id={id} approval={approval} />}
      cause={isOpen ? approval.message : <Result approval={approval} given={given} />}
      also={
        <>
          <Votes votes={approval.votes} />
          {others.length > 0 && (
            <ul aria-label="Other questions">
              {others.map((other) => (
                <li key={other.id}>
                  <button type="button" className={classes.other} onClick={() => show(other.id)}>
                    {other.taskRun.key}: {other.message}
                  </button>
                </li>
              ))}
            </ul>
          )}
        </>
      }
      fix={
        isOpen ? (
          <LazyDecisionForm key={approval.id} approval={approval} onDecided={question.answer} compact />
        ) : (
          <Button onClick={() => show(others[0]?.id)}>
            {others[0] ? `Next question: ${others[0].taskRun.key}` : "Close"}
          </Button>
        )
      }
    />
  );
}

function focusDecision(): void {
  document.querySelector<HTMLElement>("[data-approval-comment], [data-approve]")?.focus();
}

function TaskLink({ id, approval: { taskRun } }: Omit<Props, "question">) {
  return (
    <SelectLink id={id} part={{ task: taskRun.key, attempt: undefined }} className={classes.task}>
      {taskRun.key}
    </SelectLink>
  );
}

/** "review waits for ml-leads, you are one of them, 0 of 1 given · requested 6m ago, due in 54m 00s" */
function Who({ id, approval }: Omit<Props, "question">) {
  const now = useNow(true);
  const { canDecide, expiresAt, requestedAt } = approval;
  const left = expiresAt ? (Date.parse(expiresAt) - now) / 1000 : null;
  return (
    <>
      <TaskLink id={id} approval={approval} /> waits for {signersOf(approval)}
      {canDecide && ", you are one of them"}, {seatsOf(approval)} given · requested{" "}
      {formatAgo(Date.parse(requestedAt), now)}
      {left !== null && (left > 0 ? `, due in ${formatDuration(left)}` : ", overdue")}
    </>
  );
}

function Decided({ id, approval }: Omit<Props, "question">) {
  return (
    <>
      <TaskLink id={id} approval={approval} />: {approval.message}
    </>
  );
}

/** "You approved; security still has to approve: omar or maria", or how others decided it. */
function Result({ approval, given }: { approval: ApprovalViewFragment; given: Given | undefined }) {
  const now = useNow(true);
  const isLeft = approval.state === "PENDING" && given !== undefined && approval.votes.length > given.votes;
  return (
    <span role="status">
      {given ? resultWords(given.decision, isLeft ? approval : null) : decidedWords(approval, now)}
    </span>
  );
}
