import { Button, Checkbox, Textarea } from "@mantine/core";
import { useState } from "react";
import { useClient } from "urql";
import { Problems } from "@/entities/execution/actions/Problems";
import { type Outcome, perform } from "@/entities/execution/actions/perform";
import { specOf } from "@/entities/execution/actions/registry";
import { InputField } from "@/entities/flow/InputField";
import { type Entries, entriesOf, placed, readEntries } from "@/entities/flow/inputs";
import type { ApprovalViewFragment } from "@/shared/graphql/gen/graphql";
import { useNow } from "@/shared/lib/now";
import classes from "./ApprovalCard.module.css";
import { RejectDialog } from "./RejectDialog";
import { type Decided, decidedWords } from "./rules";

type Decision = "APPROVE" | "REJECT";
type Props = { approval: ApprovalViewFragment; onDecided?: (decision: Decision) => void };

/** The request's form, a comment and the two answers; what the server has decided meanwhile is told instead. */
export function DecisionForm({ approval, onDecided }: Props) {
  const client = useClient();
  const [comment, setComment] = useState("");
  const [busy, setBusy] = useState<Decision | null>(null);
  const [problems, setProblems] = useState<Outcome["problems"]>([]);
  const [overrides, setOverrides] = useState(false);
  const overriding = overrides && approval.canOverride;
  const [asking, setAsking] = useState(false);
  const [entries, setEntries] = useState<Entries>(() => entriesOf(approval.form));
  const { byField, others } = placed(problems, approval.form);

  const decide = async (action: Decision) => {
    setAsking(false);
    setBusy(action);
    const form =
      action === "APPROVE" && approval.form.length ? readEntries(approval.form, entries).values : null;
    const input = {
      approvalId: approval.id,
      comment: comment.trim() || null,
      form,
      ...(overriding && { override: true }),
    };
    const outcome = await perform(client, specOf(action), input);
    setBusy(null);
    setProblems(outcome.problems);
    if (outcome.problems.length) return;
    setComment("");
    onDecided?.(action);
  };

  const decided = problems.find((problem) => problem.request)?.request;
  if (decided) return <TooLate request={decided} />;
  const reject = () => (approval.comment === "NEVER" && !overriding ? setAsking(true) : decide("REJECT"));
  const unsaid = overriding && !comment.trim();
  return (
    <div className={classes.form}>
      <Standing approval={approval} overriding={overriding} onOverride={setOverrides} />
      {(approval.canDecide || overriding) && (
        <>
          {approval.form.map((field) => (
            <InputField
              key={field.id}
              field={field}
              entry={entries[field.id] ?? null}
              error={byField[field.id]}
              onChange={(entry) => setEntries((before) => ({ ...before, [field.id]: entry }))}
            />
          ))}
          <Textarea
            data-approval-comment
            label={overriding ? "Reason" : "Comment"}
            description={overriding ? OVERRIDE_RULE : COMMENT_RULES[approval.comment]}
            required={overriding}
            autosize
            minRows={1}
            maxRows={6}
            value={comment}
            onChange={(event) => setComment(event.currentTarget.value)}
          />
          <Problems problems={others} />
          <Answers busy={busy} overriding={overriding} unsaid={unsaid} decide={decide} reject={reject} />
        </>
      )}
      {asking && (
        <RejectDialog
          approval={approval}
          comment={comment}
          onComment={setComment}
          onClose={() => setAsking(false)}
          onReject={() => decide("REJECT")}
        />
      )}
    </div>
  );
}

type StandingProps = {
  approval: ApprovalViewFragment;
  overriding: boolean;
  onOverride: (overriding: boolean) => void;
};

/** Why one may not decide, and the way past the policy for who has it. */
function Standing({ approval, overriding, onOverride }: StandingProps) {
  const { canDecide, cannotDecideReason, canOverride } = approval;
  return (
    <>
      {!canDecide && (
        <p className={classes.rule}>
          You cannot decide this one{cannotDecideReason ? `: ${cannotDecideReason}` : ""}.
        </p>
      )}
      {canOverride && (
        <Checkbox
          size="xs"
          label="Override: decide it past the policy, as an admin"
          checked={overriding}
          onChange={(event) => onOverride(event.currentTarget.checked)}
        />
      )}
    </>
  );
}

type AnswersProps = {
  busy: Decision | null;
  overriding: boolean;
  unsaid: boolean;
  decide: (decision: Decision) => void;
  reject: () => void;
};

function Answers({ busy, overriding, unsaid, decide, reject }: AnswersProps) {
  return (
    <div className={classes.buttons}>
      <Button
        size="sm"
        variant="filled"
        loading={busy === "APPROVE"}
        disabled={unsaid || busy === "REJECT"}
        onClick={() => decide("APPROVE")}
      >
        {overriding ? "Override and approve" : "Approve"}
      </Button>
      <Button
        size="sm"
        className={unsaid ? undefined : classes.reject}
        loading={busy === "REJECT"}
        disabled={unsaid || busy === "APPROVE"}
        onClick={reject}
      >
        {overriding ? "Override and reject" : "Reject"}
      </Button>
    </div>
  );
}

function TooLate({ request }: { request: Decided }) {
  const now = useNow(true);
  return (
    <p className={classes.decided} role="alert">
      {decidedWords(request, now)}; your answer came too late and changed nothing.
    </p>
  );
}

const OVERRIDE_RULE = "Needed; it is kept with your vote, which is marked as an override";
const COMMENT_RULES = {
  NEVER: "Optional",
  ON_REJECT: "Needed to reject",
  ALWAYS: "Needed",
};
