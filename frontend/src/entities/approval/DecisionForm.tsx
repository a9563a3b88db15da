import { Button, Checkbox, Textarea } from "@mantine/core";
import { useState } from "react";
import { Problems } from "@/entities/execution/actions/Problems";
import { InputField } from "@/entities/flow/InputField";
import { placed, uploads } from "@/entities/flow/inputs";
import type { ApprovalViewFragment } from "@/shared/graphql/gen/graphql";
import { useNow } from "@/shared/lib/now";
import classes from "./DecisionForm.module.css";
import { RejectDialog } from "./RejectDialog";
import { type Decided, decidedWords } from "./rules";
import { type Decision, useDecision } from "./useDecision";

type Props = {
  approval: ApprovalViewFragment;
  onDecided?: (decision: Decision) => void;
  /** Only the two buttons where nothing has to be written; a rejection then asks for its comment. */
  compact?: boolean;
};

/** The request's form, a comment and the two answers; what the server has decided meanwhile is told instead. */
export function DecisionForm({ approval, onDecided, compact = false }: Props) {
  const decision = useDecision(approval, onDecided);
  const { comment, overriding, problems } = decision;
  const [asking, setAsking] = useState(false);
  const { byField, others } = placed(problems, approval.form);

  const decided = problems.find((problem) => problem.request)?.request;
  if (decided) return <TooLate request={decided} />;
  const writes = !compact || overriding || mustWrite(approval);
  const asksFirst = !overriding && (approval.comment === "NEVER" || !writes);
  const unsaid = overriding && !comment.trim();
  return (
    <div className={classes.form} data-compact={compact || undefined} data-writes={writes || undefined}>
      <Standing approval={approval} overriding={overriding} onOverride={decision.setOverrides} />
      {(approval.canDecide || overriding) && (
        <>
          <Fields approval={approval} decision={decision} faults={byField} writes={writes} />
          <Problems problems={others} />
          <Answers
            busy={decision.busy}
            words={overriding ? ["Override and approve", "Override and reject"] : ["Approve", "Reject"]}
            unsaid={unsaid}
            uploading={uploads(decision.entries)}
            asksFirst={asksFirst}
            approve={() => decision.decide("APPROVE")}
            reject={() => (asksFirst ? setAsking(true) : decision.decide("REJECT"))}
          />
        </>
      )}
      {asking && (
        <RejectDialog
          approval={approval}
          comment={comment}
          onClose={() => setAsking(false)}
          onReject={decision.reject}
        />
      )}
    </div>
  );
}

type FieldsProps = {
  approval: ApprovalViewFragment;
  decision: ReturnType<typeof useDecision>;
  /** By the field's id. */
  faults: Record<string, string>;
  writes: boolean;
};

function Fields({ approval, decision, faults, writes }: FieldsProps) {
  const { comment, overriding } = decision;
  return (
    <>
      {approval.form.map((field) => (
        <InputField
          key={field.id}
          field={field}
          entry={decision.entries[field.id] ?? null}
          error={faults[field.id]}
          onChange={(entry) => decision.enter(field.id, entry)}
        />
      ))}
      {writes && (
        <Textarea
          data-approval-comment
          label={overriding ? "Reason" : "Comment"}
          description={overriding ? OVERRIDE_RULE : COMMENT_RULES[approval.comment]}
          required={overriding}
          autosize
          minRows={1}
          maxRows={6}
          value={comment}
          onChange={(event) => decision.setComment(event.currentTarget.value)}
        />
      )}
    </>
  );
}

function mustWrite({ comment, form }: ApprovalViewFragment): boolean {
  return comment === "ALWAYS" || form.length > 0;
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
          className={classes.override}
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
  /** On the two buttons: approve, reject. */
  words: readonly [string, string];
  unsaid: boolean;
  /** A file of the form is not there yet: an approval would go without it. */
  uploading: boolean;
  asksFirst: boolean;
  approve: () => void;
  reject: () => void;
};

function Answers({ busy, words: [yes, no], unsaid, uploading, asksFirst, approve, reject }: AnswersProps) {
  return (
    <div className={classes.buttons}>
      <Button
        size="sm"
        className={unsaid ? undefined : classes.reject}
        loading={busy === "REJECT"}
        disabled={unsaid || busy === "APPROVE"}
        aria-haspopup={asksFirst ? "dialog" : undefined}
        onClick={reject}
      >
        {no}
      </Button>
      <Button
        size="sm"
        variant="filled"
        data-approve
        loading={busy === "APPROVE"}
        disabled={unsaid || uploading || busy === "REJECT"}
        onClick={approve}
      >
        {yes}
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
