import { Button, Group, Modal, Stack, Textarea } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { Problems } from "./Problems";
import type { Outcome } from "./perform";
import type { Target } from "./useActions";

type Props = { target: Target; onClose: () => void; onSave: (input: { text: string }) => Promise<Outcome> };

export function NoteDialog({ target, onClose, onSave }: Props) {
  const [text, setText] = useState("");
  const [problems, setProblems] = useState<Outcome["problems"]>([]);
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const outcome = await onSave({ text });
    setBusy(false);
    setProblems(outcome.problems);
    if (!outcome.problems.length) onClose();
  };

  return (
    <Modal opened onClose={onClose} title={`Note on ${target.name}`}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Textarea
            data-autofocus
            label="Note"
            autosize
            minRows={3}
            maxRows={12}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <Problems problems={problems} />
          <Group justify="flex-end" gap="xs">
            <Button size="sm" onClick={onClose}>
              Close
            </Button>
            <Button size="sm" type="submit" variant="filled" loading={busy} disabled={!text.trim()}>
              Add note
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
