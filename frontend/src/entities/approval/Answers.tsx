import { OfferButton } from "@/shared/ui/OfferButton";
import classes from "./DecisionForm.module.css";
import type { Unsaid } from "./rules";
import type { Decision } from "./useDecision";

type AnswersProps = {
  busy: Decision | null;
  /** On the two buttons: approve, reject. */
  words: readonly [string, string];
  unsaid: Unsaid;
  onUnsaid: () => void;
  asksFirst: boolean;
  approve: () => void;
  reject: () => void;
};

/** The two buttons; one that lacks a word says so and leads to where it is written. */
export function Answers({
  busy,
  words: [yes, no],
  unsaid,
  onUnsaid,
  asksFirst,
  approve,
  reject,
}: AnswersProps) {
  return (
    <div className={classes.buttons}>
      <OfferButton
        size="sm"
        className={unsaid.reject ? undefined : classes.reject}
        loading={busy === "REJECT"}
        disabled={busy === "APPROVE"}
        aria-haspopup={asksFirst ? "dialog" : undefined}
        allowed={!unsaid.reject}
        reason={unsaid.reject}
        onClick={reject}
        onRefused={onUnsaid}
      >
        {no}
      </OfferButton>
      <OfferButton
        size="sm"
        variant="filled"
        data-approve
        loading={busy === "APPROVE"}
        disabled={busy === "REJECT"}
        allowed={!unsaid.approve}
        reason={unsaid.approve}
        onClick={approve}
        onRefused={onUnsaid}
      >
        {yes}
      </OfferButton>
    </div>
  );
}
