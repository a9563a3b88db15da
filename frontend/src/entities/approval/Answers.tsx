import { OfferButton } from "@/shared/ui/OfferButton";
import classes from "./DecisionForm.module.css";
import type { Unsaid } from "./rules";
import type { Decision } from "./useDecision";

type Props = {
  busy: Decision | null;
  /** The words on the two buttons: approve, reject. */
  words: readonly [string, string];
  unsaid: Unsaid;
  /** A file of the form is still being uploaded; an approval would be sent without it. */
  uploading: boolean;
  onUnsaid: () => void;
  asksFirst: boolean;
  approve: () => void;
  reject: () => void;
};

/** The Approve and Reject buttons, each with the reason while it is disabled. */
export function Answers({ busy, words, unsaid, uploading, onUnsaid, asksFirst, approve, reject }: Props) {
  const [yes, no] = words;
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
        allowed={!uploading && !unsaid.approve}
        reason={uploading ? "The file is still being uploaded." : unsaid.approve}
        onClick={approve}
        onRefused={onUnsaid}
      >
        {yes}
      </OfferButton>
    </div>
  );
}
