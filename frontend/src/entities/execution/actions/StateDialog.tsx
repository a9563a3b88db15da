import { Select, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useSubmit } from "@/shared/lib/useSubmit";
import { type AnyState, STATE_TOKENS } from "@/shared/ui/stateTokens";
import { DialogForm } from "./DialogForm";
import type { Outcome } from "./perform";
import type { Refusal } from "./registry";

type Corrected = { state: string; reason: string };
type Props = {
  title: string;
  text: string;
  states: readonly AnyState[];
  current: string | undefined;
  onClose: () => void;
  onSave: (input: Corrected) => Promise<Outcome>;
};

/** Corrects the terminal state of an execution or task; the reason is required, because it is stored with the event. */
export function StateDialog({ title, text, states, current, onClose, onSave }: Props) {
  const [state, setState] = useState<string | null>(null);
  const [reason, setReason] = useState("");
  const { submit, busy, problems } = useSubmit<Corrected, Refusal, Outcome>(onSave, onClose);
  const now = current && current in STATE_TOKENS ? STATE_TOKENS[current as AnyState].word : null;
  return (
    <DialogForm
      title={title}
      verb="Change state"
      keep="Leave as it is"
      busy={busy}
      disabled={!state}
      problems={problems}
      onClose={onClose}
      onSubmit={() => submit({ state: state ?? "", reason: reason.trim() })}
    >
      <Text size="sm" c="dimmed">
        {text}
      </Text>
      <Select
        label="State"
        {...(now && { placeholder: `now ${now}` })}
        data={states
          .filter((one) => one !== current)
          .map((one) => ({ value: one, label: STATE_TOKENS[one].word }))}
        value={state}
        onChange={setState}
        required
        comboboxProps={{ withinPortal: true }}
      />
      <TextInput
        label="Reason"
        description="Stored with the event"
        required
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </DialogForm>
  );
}
