import { Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { DialogForm } from "@/entities/execution/actions/DialogForm";
import type { Outcome } from "@/entities/execution/actions/perform";
import type { Refusal } from "@/entities/execution/actions/registry";
import type { ApprovalViewFragment } from "@/shared/graphql/gen/graphql";
import { useSubmit } from "@/shared/lib/useSubmit";

type Props = {
  approval: Pick<ApprovalViewFragment, "message" | "onReject" | "comment">;
  /** The comment written before the viewer chose to reject. */
  comment: string;
  onClose: () => void;
  onReject: (comment: string) => Promise<Outcome>;
};

/** Confirms a rejection: one is enough, and it is final. */
export function RejectDialog({ approval, comment: written, onClose, onReject }: Props) {
  const [comment, setComment] = useState(written);
  const { submit, busy, problems } = useSubmit<string, Refusal, Outcome>(onReject, onClose);
  const needed = approval.comment !== "NEVER";
  return (
    <DialogForm
      title="Reject it?"
      verb="Reject it"
      keep="Leave it open"
      danger
      busy={busy}
      disabled={needed && !comment.trim()}
      problems={problems}
      onClose={onClose}
      onSubmit={() => submit(comment)}
    >
      <Text size="sm" fw={600}>
        {approval.message}
      </Text>
      <Text size="sm" c="dimmed">
        One rejection is enough, and it is final. {THEN[approval.onReject]}
      </Text>
      <Textarea
        data-autofocus
        label="Comment"
        description={needed ? "Required; stored with your vote" : "Optional"}
        required={needed}
        autosize
        minRows={1}
        maxRows={6}
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
    </DialogForm>
  );
}

const THEN: Record<ApprovalViewFragment["onReject"], string> = {
  REJECT: "The execution ends Rejected.",
  FAIL: "The task fails.",
  SKIP_DOWNSTREAM: "The task and its dependents are skipped; the rest continues.",
};
