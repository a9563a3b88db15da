import { Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { FlowFilter, RunChoicesQuery, RunChoicesQueryVariables } from "@/shared/graphql/gen/graphql";
import { RunAgainDocument, RunChoicesDocument, RunFormDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";
import { Dialog } from "@/shared/ui/Dialog";
import { ErrorState } from "@/shared/ui/ErrorState";
import { type Finding, SearchSelect } from "@/shared/ui/SearchSelect";
import { LiveRun, LiveTitle } from "./LiveRun";
import { RunForm } from "./RunForm";

type Chosen = { namespace: string; key: string };
type Props = {
  /** The flow, if it is chosen already. */
  flow?: Chosen | undefined;
  /** The execution whose flow is run again, with its inputs. */
  again?: { id: string; name: string; namespace: string; flowKey: string };
  onClose: () => void;
};

/** Choose a flow, fill in its inputs, start it, and watch it. */
export function RunDialog({ flow, again, onClose }: Props) {
  const [chosen, setChosen] = useState<Chosen | null>(flow ?? null);
  const [started, setStarted] = useState<string | null>(null);
  const title = again ? `Run ${again.name} again` : "Run a flow";
  return (
    <Dialog onClose={onClose} title={started ? <LiveTitle id={started} /> : title} size="lg">
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
          <div data-answered={flow && ""}>
            <FlowChoice chosen={chosen} onChange={setChosen} />
          </div>
          {chosen && (
            <Inputs key={`${chosen.namespace}/${chosen.key}`} chosen={chosen} onStarted={setStarted} />
          )}
        </Stack>
      )}
    </Dialog>
  );
}

const MOST = 50;
const FLOWS: Finding<RunChoicesQuery, RunChoicesQueryVariables> = {
  document: RunChoicesDocument,
  variables: (text) => ({ where: { enabled: true, ...holding(text) }, first: MOST }),
  choices: ({ flows }) => flows.nodes.map((flow) => ({ value: `${flow.namespace}/${flow.key}` })),
  most: MOST,
};

/** The search for `acme/etl`, on both sides of its slash; a text without a slash matches either. */
function holding(text: string): FlowFilter {
  const slash = text.lastIndexOf("/");
  const key = { contains: text.slice(slash + 1) };
  if (slash >= 0) return { namespace: { contains: text.slice(0, slash) }, key };
  return text ? { or: [{ namespace: key }, { key }] } : {};
}

function FlowChoice({ chosen, onChange }: { chosen: Chosen | null; onChange: (chosen: Chosen) => void }) {
  return (
    <SearchSelect
      label="Flow"
      placeholder="namespace/flow"
      finding={FLOWS}
      openOnFocus={false}
      value={chosen && `${chosen.namespace}/${chosen.key}`}
      onChange={(name) => {
        const [namespace, key] = name?.split("/") ?? [];
        if (namespace && key) onChange({ namespace, key });
      }}
    />
  );
}

function Again({ id, ...rest }: { id: string; chosen: Chosen; onStarted: (id: string) => void }) {
  const { data, error } = useRead(RunAgainDocument, { id });
  if (error && !data) return <ErrorState error={error} what="Its inputs" />;
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
  if (error && !data) return <ErrorState error={error} what="The form" />;
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
