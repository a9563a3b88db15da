import { ActionIcon, Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { Problems } from "./Problems";
import type { Outcome } from "./perform";
import type { Target } from "./useActions";

export type Label = { key: string; value: string };
type Line = Label & { id: number };

type Props = {
  target: Target;
  onClose: () => void;
  onSave: (input: { labels: Label[]; mode: "REPLACE" }) => Promise<Outcome>;
};

/** Edits what people set; Headway's own labels (`system.`) are kept by the server and not shown. */
export function LabelsDialog({ target, onClose, onSave }: Props) {
  const [lines, setLines] = useState<Line[]>(() =>
    [...target.labels.filter((label) => !label.key.startsWith("system.")), { key: "", value: "" }].map(
      (label, id) => ({ id, ...label }),
    ),
  );
  const [problems, setProblems] = useState<Outcome["problems"]>([]);
  const [busy, setBusy] = useState(false);

  const change = (id: number, part: Partial<Label>) =>
    setLines(lines.map((line) => (line.id === id ? { ...line, ...part } : line)));

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const labels = lines
      .filter((line) => line.key.trim())
      .map((line) => ({ key: line.key.trim(), value: line.value }));
    const outcome = await onSave({ labels, mode: "REPLACE" });
    setBusy(false);
    setProblems(outcome.problems);
    if (!outcome.problems.length) onClose();
  };

  return (
    <Modal opened onClose={onClose} title={`Labels of ${target.name}`}>
      <form onSubmit={submit}>
        <Stack gap="xs">
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
                variant="default"
                aria-label={`Remove label ${at + 1}`}
                onClick={() => setLines(lines.filter((other) => other.id !== line.id))}
              >
                ×
              </ActionIcon>
            </Group>
          ))}
          <Button
            style={{ alignSelf: "start" }}
            onClick={() =>
              setLines([
                ...lines,
                { id: Math.max(-1, ...lines.map((line) => line.id)) + 1, key: "", value: "" },
              ])
            }
          >
            Add label
          </Button>
          <Problems problems={problems} />
          <Group justify="flex-end" gap="xs">
            <Button size="sm" onClick={onClose}>
              Close
            </Button>
            <Button size="sm" type="submit" variant="filled" loading={busy}>
              Save labels
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
