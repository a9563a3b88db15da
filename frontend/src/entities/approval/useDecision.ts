import { useState } from "react";
import { useClient } from "urql";
import { type Outcome, perform } from "@/entities/execution/actions/perform";
import { type Refusal, specOf } from "@/entities/execution/actions/registry";
import { type Entries, entriesOf, readEntries } from "@/entities/flow/inputs";
import type { ApprovalViewFragment } from "@/shared/graphql/gen/graphql";
import { useSubmit } from "@/shared/lib/useSubmit";

export type Decision = "APPROVE" | "REJECT";

/** The state of one decision form: what the viewer writes and sends. */
export function useDecision(approval: ApprovalViewFragment, onDecided?: (decision: Decision) => void) {
  const client = useClient();
  const [comment, setComment] = useState("");
  const [overrides, setOverrides] = useState(false);
  const [entries, setEntries] = useState<Entries>(() => entriesOf(approval.form));
  const [answering, setAnswering] = useState<Decision>("APPROVE");
  const overriding = overrides && approval.canOverride;

  const send = async (decision: Decision, words: string): Promise<Outcome> => {
    const approves = decision === "APPROVE" && approval.form.length > 0;
    return perform(client, specOf(decision), {
      approvalId: approval.id,
      comment: words.trim() || null,
      form: approves ? readEntries(approval.form, entries).values : null,
      ...(overriding && { override: true }),
    });
  };
  const decided = (decision: Decision) => {
    setComment("");
    onDecided?.(decision);
  };
  const { submit, busy, problems } = useSubmit<Decision, Refusal, Outcome & { decision: Decision }>(
    async (decision) => ({ ...(await send(decision, comment)), decision }),
    ({ decision }) => decided(decision),
  );
  return {
    comment,
    setComment,
    entries,
    enter: (id: string, entry: Entries[string]) => setEntries((before) => ({ ...before, [id]: entry })),
    overriding,
    setOverrides,
    problems,
    busy: busy ? answering : null,
    decide: (decision: Decision) => {
      setAnswering(decision);
      void submit(decision);
    },
    /** With the comment from the confirmation dialog. */
    reject: async (words: string): Promise<Outcome> => {
      const outcome = await send("REJECT", words);
      if (!outcome.problems.length) decided("REJECT");
      return outcome;
    },
  };
}
