import { ActionIcon, Button, Group, TextInput } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useSubmit } from "@/shared/lib/useSubmit";
import { DialogForm } from "./DialogForm";
import { type Label, type LabelChange, labelChanges } from "./labelChanges";
import type { Outcome } from "./perform";
import type { Refusal } from "./registry";
import type { Target } from "./useActions";

export type { Label };

type Line = Label & { id: number };
type Props = { target: Target; onClose: () => void; onSave: (input: LabelChange) => Promise<Outcome> };

/** Edits the labels that people set; Headway's own labels (`system.`) are kept by the server and not shown. */
export function LabelsDialog({ target, onClose, onSave }: Props) {
  // The labels at the time the dialog was opened: later changes of others are not undone.
  const [before] = useState(() => target.labels.filter((label) => !label.key.startsWith("system.")));
  const [lines, setLines] = useState<Line[]>(() =>
    [...before, { key: "", value: "" }].map(({ key, value }, id) => ({ id, key, value })),
  );
  const save = async (labels: readonly Label[]) => {
    let outcome: Outcome = { execution: null, problems: [] };
    for (const change of labelChanges(before, labels)) {
      if (!outcome.problems.length) outcome = await onSave(change);
    }
    return outcome;
  };
  const { submit, busy, problems } = useSubmit<readonly Label[], Refusal, Outcome>(save, onClose);
  const change = (id: number, part: Partial<Label>) =>
    setLines(lines.map((line) => (line.id === id ? { ...line, ...part } : line)));
  const named = lines.filter((line) => line.key.trim());
  const labels = named.map((line) => ({ key: line.key.trim(), value: line.value }));
  return (
    <DialogForm
      title={`Labels of ${target.name}`}
      verb="Save labels"
      busy={busy}
      problems={problems}
      onClose={onClose}
      onSubmit={() => submit(labels)}
    >
      {lines.map((line, at) => (
        <Group key={line.id} gap="xs" wrap="nowrap">
          <TextInput
            aria-label={`Key of label ${at + 1}`}
            placeholder="key"
            value={line.key}
            onChange={(event) => change(line.id, { key: event.currentTarget.value })}
          />
          <TextInput
            aria-label={`Value of label ${at + 1}`}
            placeholder="value"
            flex={1}
            value={line.value}
            onChange={(event) => change(line.id, { value: event.currentTarget.value })}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Remove label ${at + 1}`}
            onClick={() => setLines(lines.filter((other) => other.id !== line.id))}
          >
            <IconX size={16} stroke={1.75} aria-hidden />
          </ActionIcon>
        </Group>
      ))}
      <Button
        style={{ alignSelf: "start" }}
        onClick={() =>
          setLines([...lines, { id: Math.max(-1, ...lines.map(({ id }) => id)) + 1, key: "", value: "" }])
        }
      >
        Add label
      </Button>
    </DialogForm>
  );
}
