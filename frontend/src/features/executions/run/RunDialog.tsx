import { Modal, Select, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { RunAgainDocument, RunChoicesDocument, RunFormDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { ErrorState } from "@/shared/ui/ErrorState";
import { LiveRun } from "./LiveRun";
import { RunForm } from "./RunForm";

type Chosen = { namespace: string; key: string };
type Props = {
  /** An execution whose flow is run again, with the inputs it had. */
  again?: { id: string; name: string; namespace: string; flowKey: string };
  onClose: () => void;
};

/** Choose a flow, fill in its inputs, start it, watch it. */
export function RunDialog({ again, onClose }: Props) {
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [started, setStarted] = useState<string | null>(null);
  const title = again ? `Run ${again.name} again` : "Run a flow";
  return (
    <Modal opened onClose={onClose} title={started ? "Running" : title} size="lg">
      {started && <LiveRun id={started} onClose={onClose} />}
      {!started && again && (
        <Again
          id={again.id}
          chosen={{ namespace: again.namespace, key: again.flowKey }}
          onStarted={setStarted}
        />
      )}
      {!started && !again && (
        <Stack gap="sm">
          <FlowChoice chosen={chosen} onChange={setChosen} />
          {chosen && (
            <Inputs key={`${chosen.namespace}/${chosen.key}`} chosen={chosen} onStarted={setStarted} />
          )}
        </Stack>
      )}
    </Modal>
  );
}

function FlowChoice({ chosen, onChange }: { chosen: Chosen | null; onChange: (chosen: Chosen) => void }) {
  const { data } = useRead(RunChoicesDocument, {});
  const flows = data?.flows.nodes ?? [];
  return (
    <Select
      label="Flow"
      placeholder="namespace/flow"
      searchable
      data={flows.map((flow) => `${flow.namespace}/${flow.key}`)}
      value={chosen && `${chosen.namespace}/${chosen.key}`}
      onChange={(name) => {
        const found = flows.find((flow) => `${flow.namespace}/${flow.key}` === name);
        if (found) onChange({ namespace: found.namespace, key: found.key });
      }}
    />
  );
}

function Again({ id, ...rest }: { id: string; chosen: Chosen; onStarted: (id: string) => void }) {
  const { data, error } = useRead(RunAgainDocument, { id });
  if (error) return <ErrorState error={error} what="Its inputs" />;
  if (!data) return <p role="status">Loading the form…</p>;
  return <Inputs given={data.execution?.inputs as Given} {...rest} />;
}

type Given = Record<string, unknown> | undefined;

function Inputs({
  chosen,
  given,
  onStarted,
}: {
  chosen: Chosen;
  given?: Given;
  onStarted: (id: string) => void;
}) {
  const { data, error } = useRead(RunFormDocument, chosen);
  if (error) return <ErrorState error={error} what="The form" />;
  if (!data) return <p role="status">Loading the form…</p>;
  if (!data.flow) return <p>There is no such flow, or you may not see it.</p>;
  return (
    <>
      {data.flow.description && (
        <Text size="sm" c="dimmed">
          {data.flow.description}
        </Text>
      )}
      <RunForm flow={data.flow} given={given} onStarted={onStarted} />
    </>
  );
}
