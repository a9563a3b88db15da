import { useState } from "react";
import type { Decision } from "@/entities/approval/useDecision";
import type { ApprovalViewFragment } from "@/shared/graphql/gen/graphql";

/** The viewer's answer, and how many votes there were before it. */
export type Given = { decision: Decision; votes: number };

export type Question = {
  shown: ApprovalViewFragment | undefined;
  /** The rest of those that wait. */
  others: readonly ApprovalViewFragment[];
  given: Given | undefined;
  show: (id: string | undefined) => void;
  answer: (decision: Decision) => void;
};

/**
 * The request that is shown: those that the viewer may answer come first, then it stays until the viewer goes to
 * another one, also when it is decided meanwhile. A click never meets another request than the one that was read.
 */
export function useQuestion(
  approvals: ReadonlyMap<string, ApprovalViewFragment>,
  selected: string | undefined,
): Question {
  const [held, hold] = useState<string>();
  const [given, setGiven] = useState<Given>();
  const [followed, setFollowed] = useState<string>();
  const show = (id: string | undefined) => {
    hold(id);
    setGiven(undefined);
  };
  const pending = [...approvals.values()]
    .filter(({ state }) => state === "PENDING")
    .sort((one, other) => Number(other.canDecide) - Number(one.canDecide));
  if (selected !== followed) {
    setFollowed(selected);
    const wanted = pending.find(({ taskRun }) => taskRun.key === selected);
    if (wanted && wanted.id !== held) show(wanted.id);
  }
  const shown = (held !== undefined && approvals.get(held)) || pending[0];
  if (shown && shown.id !== held) show(shown.id);
  return {
    shown,
    others: pending.filter((one) => one !== shown),
    given,
    show,
    answer: (decision) => setGiven({ decision, votes: shown?.votes.length ?? 0 }),
  };
}
