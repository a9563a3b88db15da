import { Button, CopyButton, Group, Stack, TextInput } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { useClient } from "urql";
import { Problems } from "@/entities/execution/actions/Problems";
import { type Outcome, perform } from "@/entities/execution/actions/perform";
import { type Refusal, specOf } from "@/entities/execution/actions/registry";
import { InputField } from "@/entities/flow/InputField";
import {
  commandLine,
  type Entries,
  entriesOf,
  type Field,
  placed,
  readEntries,
  uploads,
} from "@/entities/flow/inputs";
import { useSubmit } from "@/shared/lib/useSubmit";

type Props = {
  flow: { namespace: string; key: string; inputs: readonly Field[] };
  /** The initial values, and the other input that is sent with them. */
  given?: Record<string, unknown>;
  rest?: Record<string, unknown>;
  /** The equivalent command, with its options; `headway run` of the flow by default. */
  command?: { words: readonly string[]; options: Record<string, readonly string[]> };
  children?: ReactNode;
  /** Why a reason is required. */
  reasonFor?: string | null;
  onStarted: (id: string) => void;
};

/** The form of a flow's inputs. The server validates them; its problems are shown at their fields. */
export function RunForm({ flow, given, rest = {}, command, children, reasonFor, onStarted }: Props) {
  const client = useClient();
  const [entries, setEntries] = useState<Entries>(() => entriesOf(flow.inputs, given));
  const [reason, setReason] = useState("");
  const [faults, setFaults] = useState<Record<string, string>>({});
  const { submit, busy, problems } = useSubmit<Record<string, unknown>, Refusal, Outcome>(
    (inputs) =>
      perform(client, specOf("RUN_AGAIN"), {
        namespace: flow.namespace,
        flow: flow.key,
        ...rest,
        inputs,
        reason: why || null,
      }),
    ({ execution }) => execution && onStarted(execution.id),
  );
  const { byField, others } = placed(problems, flow.inputs);
  const read = readEntries(flow.inputs, entries);
  const waits = uploads(entries);
  const { words, options } = command ?? { words: ["run", `${flow.namespace}/${flow.key}`], options: {} };
  const why = reason.trim();

  const send = (event: FormEvent) => {
    event.preventDefault();
    if (waits) return;
    setFaults(read.faults);
    if (!Object.keys(read.faults).length) void submit(read.values);
  };

  return (
    <form onSubmit={send}>
      <Stack gap="sm">
        {flow.inputs.map((field) => (
          <InputField
            key={field.id}
            field={field}
            entry={entries[field.id] ?? null}
            error={faults[field.id] ?? byField[field.id]}
            onChange={(entry) => setEntries((before) => ({ ...before, [field.id]: entry }))}
          />
        ))}
        {children}
        <TextInput
          label="Reason"
          description={reasonFor ?? "Optional; stored in the execution's history"}
          required={!!reasonFor}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <Problems problems={others} />
        <Group justify="space-between" gap="xs">
          <CopyButton value={commandLine(words, read.values, { ...options, reason: why ? [why] : [] })}>
            {({ copied, copy }) => (
              <Button size="sm" onClick={copy}>
                {copied ? "Copied" : "Copy as command"}
              </Button>
            )}
          </CopyButton>
          <Button size="sm" type="submit" variant="filled" loading={busy} disabled={waits}>
            {waits ? "Uploading…" : "Start"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
