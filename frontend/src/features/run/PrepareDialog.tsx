import { Checkbox, Stack } from "@mantine/core";
import { useEffect, useState } from "react";
import { useClient } from "urql";
import { Problems } from "@/entities/execution/actions/Problems";
import type { Refusal } from "@/entities/execution/actions/registry";
import { send } from "@/entities/execution/actions/send";
import { useMayOverride } from "@/entities/flow/useMayOverride";
import {
  PrepareExecutionDocument,
  type PrepareExecutionMutation,
  RunFormDocument,
} from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { Dialog } from "@/shared/ui/Dialog";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { LiveRun, LiveTitle } from "./LiveRun";
import { RunForm } from "./RunForm";

type Draft = NonNullable<PrepareExecutionMutation["answer"]["draft"]>;
type Task = Draft["tasks"][number];
type Props = { id: string; name: string; onClose: () => void };

/** A new execution from an ended one: successful tasks are not ticked, their outputs are reused. */
export function PrepareDialog({ id, name, onClose }: Props) {
  const { draft, problems } = useDraft(id);
  const [started, setStarted] = useState<string | null>(null);
  return (
    <Dialog
      onClose={onClose}
      title={started ? <LiveTitle id={started} /> : `Prepare an execution from ${name}`}
      size="lg"
    >
      <Problems problems={problems} />
      {started && <LiveRun id={started} onClose={onClose} />}
      {!started && draft && <Prepared id={id} draft={draft} onStarted={setStarted} />}
      {!draft && !problems.length && <p role="status">Drafting…</p>}
    </Dialog>
  );
}

function useDraft(id: string) {
  const client = useClient();
  const [draft, setDraft] = useState<Draft | null>(null);
  const [problems, setProblems] = useState<readonly Refusal[]>([]);
  useEffect(() => {
    void send(client, PrepareExecutionDocument, { id }).then((sent) => {
      setDraft(sent.draft ?? null);
      setProblems(sent.problems);
    });
  }, [client, id]);
  return { draft, problems };
}

type Input = { namespace: string; flow: string; inputs: Record<string, unknown>; disabledTasks: string[] };

type Drafted = { id: string; draft: Draft; onStarted: (id: string) => void };

function Prepared({ id, draft, onStarted }: Drafted) {
  const given = draft.createInput as Input;
  const { data, error } = useRead(RunFormDocument, { namespace: given.namespace, key: given.flow });
  const [disabled, setDisabled] = useState<ReadonlySet<string>>(new Set(draft.disabledTasks));
  const mayOverride = useMayOverride();
  if (error && !data) return <ErrorState error={error} what="The form" />;
  if (!data) return <p role="status">Loading the form…</p>;
  if (!data.flow) return <EmptyState title="The flow no longer exists." />;
  const keys = draft.tasks.map((task) => task.key);
  const choose = (enabled: string[]) => setDisabled(new Set(keys.filter((key) => !enabled.includes(key))));
  const disabledTasks = keys.filter((key) => disabled.has(key));
  const overridden = draft.tasks.filter((task) => task.mustAsk && disabled.has(task.key));
  return (
    <RunForm
      flow={data.flow}
      given={given.inputs}
      rest={{ ...given, disabledTasks }}
      command={{
        words: ["prepare", id, "--run"],
        options: {
          enable: draft.disabledTasks.filter((key) => !disabled.has(key)),
          disable: disabledTasks.filter((key) => !draft.disabledTasks.includes(key)),
        },
      }}
      reasonFor={reasonFor(overridden)}
      onStarted={onStarted}
    >
      <Checkbox.Group
        label="Tasks"
        description="Ticked tasks run"
        value={keys.filter((key) => !disabled.has(key))}
        onChange={choose}
      >
        <Stack gap={6} mt={4}>
          {draft.tasks.map((task) => (
            <Checkbox
              key={task.key}
              label={`${task.key}${task.isNew ? " (new)" : ""}`}
              description={said(task, disabled.has(task.key), mayOverride)}
              disabled={!!task.mustAsk && !mayOverride}
              value={task.key}
            />
          ))}
        </Stack>
      </Checkbox.Group>
    </RunForm>
  );
}

function said(task: Task, off: boolean, mayOverride: boolean): string {
  if (off) return task.mustAsk ? "not requested: you override the approval" : `not run: ${task.why}`;
  if (!task.mustAsk || mayOverride) return task.why;
  return `${task.why}. Excluding it needs the permission OVERRIDE_APPROVAL`;
}

/** An override of an approval is stored with its reason, which is therefore required. */
function reasonFor(overridden: readonly Task[]): string | null {
  if (!overridden.length) return null;
  return `Required to override ${overridden.map((task) => task.key).join(", ")}; stored with the override`;
}
