import { Textarea } from "@mantine/core";
import { useState } from "react";
import { useSubmit } from "@/shared/lib/useSubmit";
import { DialogForm } from "./DialogForm";
import type { Outcome } from "./perform";
import type { Refusal } from "./registry";
import type { Target } from "./useActions";

type Props = { target: Target; onClose: () => void; onSave: (input: { text: string }) => Promise<Outcome> };

export function NoteDialog({ target, onClose, onSave }: Props) {
  const [text, setText] = useState("");
  const { submit, busy, problems } = useSubmit<{ text: string }, Refusal, Outcome>(onSave, onClose);
  return (
    <DialogForm
      title={`Note on ${target.name}`}
      verb="Add note"
      busy={busy}
      disabled={!text.trim()}
      problems={problems}
      onClose={onClose}
      onSubmit={() => submit({ text })}
    >
      <Textarea
        data-autofocus
        label="Note"
        autosize
        minRows={3}
        maxRows={12}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
    </DialogForm>
  );
}
