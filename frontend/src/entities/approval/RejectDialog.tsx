import { Button, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import type { FormEvent } from "react";
import type { ApprovalViewFragment } from "@/shared/graphql/gen/graphql";

type Props = {
  approval: Pick<ApprovalViewFragment, "message" | "onReject">;
  comment: string;
  onComment: (comment: string) => void;
  onClose: () => void;
  onReject: () => void;
};

/** Where no comment is asked for, a rejection is asked about: one is enough, and it stands. */
export function RejectDialog({ approval, comment, onComment, onClose, onReject }: Props) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onReject();
  };
  return (
    <Modal opened onClose={onClose} title="Reject it?">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm" fw={600}>
            {approval.message}
          </Text>
          <Text size="sm" c="dimmed">
            One rejection is enough, and it stands. {THEN[approval.onReject]}
          </Text>
          <Textarea
            data-autofocus
            label="Comment"
            description="Optional"
            autosize
            minRows={1}
            maxRows={6}
            value={comment}
            onChange={(event) => onComment(event.currentTarget.value)}
          />
          <Group justify="flex-end" gap="xs">
            <Button size="sm" onClick={onClose}>
              Leave it open
            </Button>
            <Button size="sm" type="submit" variant="filled" color="danger">
              Reject it
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

const THEN: Record<ApprovalViewFragment["onReject"], string> = {
  REJECT: "The execution ends Rejected.",
  FAIL: "The task fails.",
  SKIP_DOWNSTREAM: "The task and what needs it are skipped; the rest goes on.",
};
