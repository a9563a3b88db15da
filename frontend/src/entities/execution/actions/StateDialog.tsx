import { Button, Group, Modal, Select, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { Problems } from "./Problems";
import type { Outcome } from "./perform";

type Props = {
  title: string;
  text: string;
  states: readonly string[];
  current: string;
  onClose: () => void;
  onSave: (input: { state: string; reason: string }) => Promise<Outcome>;
};

/** Corrects how something ended; the reason is asked for, since it stays with the event. */
export function StateDialog({ title, text, states, current, onClose, onSave }: Props) {
  const [state, setState] = useState<string | null>(null);
  const [reason, setReason] = useState("");
  const [problems, setProblems] = useState<Outcome["problems"]>([]);
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const outcome = await onSave({ state: state ?? "", reason: reason.trim() });
    setBusy(false);
    setProblems(outcome.problems);
    if (!outcome.problems.length) onClose();
  };

  return (
    <Modal opened onClose={onClose} title={title}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            {text}
          </Text>
          <Select
            label="State"
            placeholder={`now ${current}`}
            data={states.filter((one) => one !== current)}
            value={state}
            onChange={setState}
            required
            comboboxProps={{ withinPortal: true }}
          />
          <TextInput
            label="Reason"
            description="Kept with the event"
            required
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <Problems problems={problems} />
          <Group justify="flex-end" gap="xs">
            <Button size="sm" onClick={onClose}>
              Keep it
            </Button>
            <Button size="sm" type="submit" variant="filled" loading={busy} disabled={!state}>
              Change state
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

export const EXECUTION_STATES = ["SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED"] as const;
export const TASK_RUN_STATES = ["SUCCESS", "WARNING", "FAILED", "SKIPPED"] as const;
