import { Button, Textarea } from "@mantine/core";
import { useState } from "react";
import { useClient } from "urql";
import type { ApprovalViewFragment } from "@/shared/graphql/gen/graphql";
import { useNow } from "@/shared/lib/now";
import { Problems } from "../../actions/Problems";
import { type Outcome, perform } from "../../actions/perform";
import { specOf } from "../../actions/registry";
import { InputField } from "../../run/InputField";
import { type Entries, entriesOf, placed, readEntries } from "../../run/inputs";
import classes from "./ApprovalCard.module.css";
import { type Decided, decidedWords } from "./rules";

type Decision = "APPROVE" | "REJECT";
type Props = { approval: ApprovalViewFragment; onDecided?: (decision: Decision) => void };

/** The request's form, a comment and the two answers; what the server has decided meanwhile is told instead. */
export function DecisionForm({ approval, onDecided }: Props) {
  const client = useClient();
  const [comment, setComment] = useState("");
  const [busy, setBusy] = useState<Decision | null>(null);
  const [problems, setProblems] = useState<Outcome["problems"]>([]);
  const [entries, setEntries] = useState<Entries>(() => entriesOf(approval.form));
  const { byField, others } = placed(problems, approval.form);

  const decide = async (action: Decision) => {
    setBusy(action);
    const form =
      action === "APPROVE" && approval.form.length ? readEntries(approval.form, entries).values : null;
    const input = { approvalId: approval.id, comment: comment.trim() || null, form };
    const outcome = await perform(client, specOf(action), input);
    setBusy(null);
    setProblems(outcome.problems);
    if (outcome.problems.length) return;
    setComment("");
    onDecided?.(action);
  };

  const decided = problems.find((problem) => problem.request)?.request;
  if (decided) return <TooLate request={decided} />;
  if (!approval.canDecide) return <p className={classes.rule}>You cannot decide this one.</p>;
  return (
    <div className={classes.form}>
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
        label="Comment"
        description={COMMENT_RULES[approval.comment]}
        autosize
        minRows={1}
        maxRows={6}
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      <Problems problems={others} />
      <div className={classes.buttons}>
        <Button
          size="sm"
          variant="filled"
          loading={busy === "APPROVE"}
          disabled={busy === "REJECT"}
          onClick={() => decide("APPROVE")}
        >
          Approve
        </Button>
        <Button
          size="sm"
          className={classes.reject}
          loading={busy === "REJECT"}
          disabled={busy === "APPROVE"}
          onClick={() => decide("REJECT")}
        >
          Reject
        </Button>
      </div>
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

const COMMENT_RULES = {
  NEVER: "Optional",
  ON_REJECT: "Needed to reject",
  ALWAYS: "Needed",
};
