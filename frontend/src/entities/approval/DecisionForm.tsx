import { Checkbox, Textarea } from "@mantine/core";
import { type Ref, useRef, useState } from "react";
import { Problems } from "@/entities/execution/actions/Problems";
import { InputField } from "@/entities/flow/InputField";
import { placed, uploads } from "@/entities/flow/inputs";
import type { ApprovalViewFragment } from "@/shared/graphql/gen/graphql";
import { useNow } from "@/shared/lib/now";
import { Answers } from "./Answers";
import classes from "./DecisionForm.module.css";
import { RejectDialog } from "./RejectDialog";
import { type Decided, decidedWords, unsaidOf } from "./rules";
import { type Decision, useDecision } from "./useDecision";

type Props = {
  approval: ApprovalViewFragment;
  onDecided?: (decision: Decision) => void;
  /** Only the two buttons, unless something has to be written; a rejection then asks for its comment. */
  compact?: boolean;
};

/** The request's form, a comment and the two buttons; or how the request was decided meanwhile. */
export function DecisionForm({ approval, onDecided, compact = false }: Props) {
  const decision = useDecision(approval, onDecided);
  const { overriding, problems } = decision;
  const decided = problems.find((problem) => problem.request)?.request;
  if (decided) return <TooLate request={decided} />;
  const { canDecide, canOverride } = approval;
  const writes = !compact || overriding || mustWrite(approval);
  return (
    <div className={classes.form} data-compact={compact || undefined} data-writes={writes || undefined}>
      {!canDecide && <WhyNot reason={approval.cannotDecideReason} />}
      {(canDecide || overriding) && <Answering approval={approval} decision={decision} writes={writes} />}
      {canOverride && <Override checked={overriding} onChange={decision.setOverrides} />}
    </div>
  );
}

type AnsweringProps = {
  approval: ApprovalViewFragment;
  decision: ReturnType<typeof useDecision>;
  writes: boolean;
};

function Answering({ approval, decision, writes }: AnsweringProps) {
  const { comment, overriding, problems } = decision;
  const [asking, setAsking] = useState(false);
  const [tried, setTried] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const { byField, others } = placed(problems, approval.form);
  const asksFirst = !overriding && (approval.comment === "NEVER" || !writes);
  const all = unsaidOf(overriding ? "OVERRIDE" : approval.comment, comment);
  const unsaid = asksFirst ? { ...all, reject: null } : all;
  const lead = () => {
    setTried(true);
    field.current?.focus();
  };
  return (
    <>
      <Fields
        approval={approval}
        decision={decision}
        faults={byField}
        missing={tried ? (unsaid.reject ?? unsaid.approve) : null}
        writes={writes}
        field={field}
      />
      <Problems problems={others} />
      <Answers
        busy={decision.busy}
        words={overriding ? ["Override and approve", "Override and reject"] : ["Approve", "Reject"]}
        unsaid={unsaid}
        uploading={uploads(decision.entries)}
        asksFirst={asksFirst}
        onUnsaid={lead}
        approve={() => decision.decide("APPROVE")}
        reject={() => (asksFirst ? setAsking(true) : decision.decide("REJECT"))}
      />
      {asking && (
        <RejectDialog
          approval={approval}
          comment={comment}
          onClose={() => setAsking(false)}
          onReject={decision.reject}
        />
      )}
    </>
  );
}

type FieldsProps = AnsweringProps & {
  /** Problems by the field's id. */
  faults: Record<string, string>;
  /** The problem of the comment, once the viewer has tried to answer without one. */
  missing: string | null;
  /** The id of the comment field. */
  field: Ref<HTMLTextAreaElement>;
};

function Fields({ approval, decision, faults, missing, writes, field: comments }: FieldsProps) {
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
          ref={comments}
          data-approval-comment
          label={overriding ? "Reason" : "Comment"}
          description={overriding ? OVERRIDE_RULE : COMMENT_RULES[approval.comment]}
          required={overriding || approval.comment === "ALWAYS"}
          error={missing}
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

function WhyNot({ reason }: { reason: string | null }) {
  return <p className={classes.rule}>You cannot decide this request{reason ? `: ${reason}` : ""}.</p>;
}

/** The override of the approval policy, for viewers with the permission. */
function Override({ checked, onChange }: { checked: boolean; onChange: (checked: boolean) => void }) {
  return (
    <Checkbox
      className={classes.override}
      size="xs"
      label="Override the approval policy"
      checked={checked}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
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

const OVERRIDE_RULE = "Required; stored with your vote, which is marked as an override";
const COMMENT_RULES = {
  NEVER: "Optional",
  ON_REJECT: "Required to reject",
  ALWAYS: "Required to approve and to reject",
};
