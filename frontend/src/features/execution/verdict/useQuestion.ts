import { useState } from "react";
import type { Decision } from "@/entities/approval/useDecision";
import type { ApprovalViewFragment } from "@/shared/graphql/gen/graphql";

/** The viewer's decision, and the number of votes before it. */
export type Given = { decision: Decision; votes: number };

export type Question = {
  shown: ApprovalViewFragment | undefined;
  /** The other pending requests. */
  others: readonly ApprovalViewFragment[];
  given: Given | undefined;
  show: (id: string | undefined) => void;
  answer: (decision: Decision) => void;
};

/**
 * The shown approval request: those that the viewer may decide come first. It stays until the viewer opens another one,
 * even if it is decided meanwhile, so that a click never hits another request than the one that was read.
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
