import { Button, Textarea } from "@mantine/core";
import { useState } from "react";
import { useClient } from "urql";
import type { ApprovalViewFragment } from "@/shared/graphql/gen/graphql";
import { Panel } from "@/shared/ui/Panel";
import { Time } from "@/shared/ui/Time";
import { Problems } from "../../actions/Problems";
import { type Outcome, perform } from "../../actions/perform";
import { specOf } from "../../actions/registry";
import { InputField } from "../../run/InputField";
import { type Entries, entriesOf, placed, readEntries } from "../../run/inputs";
import classes from "./ApprovalCard.module.css";
import { whoMayDecide } from "./rules";

/** The question, who may answer, who has; a decision is shown only when the server has made it. */
export function ApprovalCard({ approval }: { approval: ApprovalViewFragment }) {
  const client = useClient();
  const [comment, setComment] = useState("");
  const [busy, setBusy] = useState<"APPROVE" | "REJECT" | null>(null);
  const [problems, setProblems] = useState<Outcome["problems"]>([]);

  const [entries, setEntries] = useState<Entries>(() => entriesOf(approval.form));
  const { byField, others } = placed(problems, approval.form);

  const decide = async (action: "APPROVE" | "REJECT") => {
    setBusy(action);
    const form =
      action === "APPROVE" && approval.form.length ? readEntries(approval.form, entries).values : null;
    const input = { approvalId: approval.id, comment: comment.trim() || null, form };
    const outcome = await perform(client, specOf(action), input);
    setBusy(null);
    setProblems(outcome.problems);
    if (!outcome.problems.length) setComment("");
  };

  return (
    <Panel
      title={`Approval needed: ${approval.taskRun.key}`}
      tone="ask"
      aside={
        <span className={classes.age}>
          asked <Time at={approval.requestedAt} />
        </span>
      }
    >
      <div className={classes.body}>
        <p className={classes.question}>{approval.message}</p>
        <p className={classes.rule}>{whoMayDecide(approval)}</p>
        {approval.expiresAt && (
          <p className={classes.rule}>
            due <Time at={approval.expiresAt} />
          </p>
        )}
        {approval.votes.length > 0 && (
          <ul className={classes.votes} aria-label="Votes">
            {approval.votes.map((vote) => (
              <li key={`${vote.actor.name}${vote.at}`}>
                <strong>{vote.actor.name}</strong> {vote.decision === "APPROVE" ? "approved" : "rejected"}{" "}
                <Time at={vote.at} />
                {vote.override && " (override)"}
                {vote.comment && <>: “{vote.comment}”</>}
              </li>
            ))}
          </ul>
        )}
        {approval.canDecide ? (
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
        ) : (
          <p className={classes.rule}>You cannot decide this one.</p>
        )}
      </div>
    </Panel>
  );
}

const COMMENT_RULES = {
  NEVER: "Optional",
  ON_REJECT: "Needed to reject",
  ALWAYS: "Needed",
};
