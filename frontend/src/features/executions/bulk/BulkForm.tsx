import { Button, Group, NativeSelect, Radio, Stack, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useMemo, useState } from "react";
import { useClient } from "urql";
import { EXECUTION_ENDS } from "@/entities/execution/actions/corrections";
import { Problems } from "@/entities/execution/actions/Problems";
import type { Refusal } from "@/entities/execution/actions/registry";
import { send } from "@/entities/execution/actions/send";
import {
  type BulkMode,
  type BulkStateFragment,
  type ExecutionState,
  RunBulkDocument,
} from "@/shared/graphql/gen/graphql";
import { formatInteger } from "@/shared/lib/number";
import { useSubmit } from "@/shared/lib/useSubmit";
import { STATE_TOKENS } from "@/shared/ui/stateTokens";
import type { ListQuery } from "../address";
import type { Selection } from "../selection/selection";
import { BulkReach } from "./BulkReach";
import { type BulkAction, type Given, inputOf, isReady, labelsOf, MOST_ATOMIC } from "./bulk";
import { type BulkPreview, usePreviewBulk } from "./usePreviewBulk";

type Props = {
  action: BulkAction;
  selection: Selection;
  query: ListQuery;
  onStarted: (bulk: BulkStateFragment) => void;
  onClose: () => void;
};
type Ran = { bulk: BulkStateFragment | null; problems: readonly Refusal[] };
type Sent = { previewId: string; mode: BulkMode; reason: string | null };

export function BulkForm({ action, selection, query, onStarted, onClose }: Props) {
  const [given, setGiven] = useState<Given>({});
  const [mode, setMode] = useState<BulkMode>("EACH");
  const [reason, setReason] = useState("");
  const input = useMemo(
    () => (isReady(action.action, given) ? inputOf(action.action, selection, query, given) : null),
    [action, selection, query, given],
  );
  const { preview, problems, loading } = usePreviewBulk(input);
  const run = useRun();
  const running = useSubmit<Sent, Refusal, Ran>(run, ({ bulk }) => bulk && onStarted(bulk));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (preview?.wouldApply)
      void running.submit({ previewId: preview.id, mode, reason: reason.trim() || null });
  };
  const needsReason = action.action === "CHANGE_STATE";
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <GivenFields action={action} onGiven={setGiven} />
        <BulkReach preview={preview} loading={loading} ready={input !== null} />
        {preview && preview.total > 1 && <Modes preview={preview} mode={mode} onMode={setMode} />}
        <TextInput
          label="Reason"
          description="Stored in the history of each execution"
          required={needsReason}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <Problems problems={[...problems, ...running.problems]} />
        <Group justify="flex-end" gap="xs">
          <Button onClick={onClose}>Close</Button>
          <Button
            type="submit"
            variant="filled"
            color={action.spec.danger ? "danger" : "ink"}
            disabled={!preview?.wouldApply || (needsReason && !reason.trim())}
            loading={running.busy}
          >
            {action.word}
            {preview ? ` ${formatInteger(preview.wouldApply)}` : ""}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Modes({
  preview,
  mode,
  onMode,
}: {
  preview: BulkPreview;
  mode: BulkMode;
  onMode: (mode: BulkMode) => void;
}) {
  const why =
    preview.total > MOST_ATOMIC
      ? `at most ${formatInteger(MOST_ATOMIC)}`
      : preview.wouldApply < preview.total
        ? "only if all of them allow it"
        : null;
  return (
    <Radio.Group label="How" value={mode} onChange={(value) => onMode(value as BulkMode)}>
      <Stack gap={6} mt={6}>
        <Radio value="EACH" label="Individually: refused ones do not stop the others" />
        <Radio value="ATOMIC" disabled={why !== null} label={`All or none${why ? `: ${why}` : ""}`} />
      </Stack>
    </Radio.Group>
  );
}

function GivenFields({ action, onGiven }: { action: BulkAction; onGiven: (given: Given) => void }) {
  switch (action.action) {
    case "SET_LABELS":
      return (
        <Textarea
          data-autofocus
          label="Labels"
          description="key=value, one per line; added to existing labels"
          autosize
          minRows={2}
          onChange={(event) => onGiven({ labels: labelsOf(event.currentTarget.value), mode: "MERGE" })}
        />
      );
    case "CHANGE_STATE":
      return (
        <NativeSelect
          data-autofocus
          label="State"
          description="Only the state changes: nothing runs and nothing is undone."
          data={[
            { value: "", label: "Choose one" },
            ...EXECUTION_ENDS.map((state) => ({ value: state, label: STATE_TOKENS[state].word })),
          ]}
          onChange={(event) =>
            onGiven({ state: (event.currentTarget.value || undefined) as ExecutionState | undefined })
          }
        />
      );
    case "ADD_NOTE":
      return (
        <Textarea
          data-autofocus
          label="Note"
          description="Markdown"
          autosize
          minRows={2}
          onChange={(event) => onGiven({ text: event.currentTarget.value })}
        />
      );
    default:
      return null;
  }
}

function useRun() {
  const client = useClient();
  return async (input: Sent): Promise<Ran> => {
    const { bulk = null, problems } = await send(client, RunBulkDocument, input);
    return { bulk, problems };
  };
}
