import { Button, Group, Progress, Stack } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useClient } from "urql";
import { Problems } from "@/entities/execution/actions/Problems";
import {
  BulkProgressDocument,
  BulkResultsDocument,
  type BulkStateFragment,
  CancelBulkDocument,
} from "@/shared/graphql/gen/graphql";
import { useLive } from "@/shared/graphql/live";
import { useRead } from "@/shared/graphql/read";
import { formatInteger } from "@/shared/lib/number";
import { mutationSentenceOf } from "@/shared/ui/ErrorState";
import classes from "./Bulk.module.css";
import { resultOf } from "./bulk";

/** How far it is, live, and each refusal with its reason. */
export function BulkResult({ started, onClose }: { started: BulkStateFragment; onClose: () => void }) {
  const client = useClient();
  const [bulk, setBulk] = useState(started);
  const [problem, setProblem] = useState<string | null>(null);
  useLive(
    BulkProgressDocument,
    { id: started.id },
    { paused: bulk.state !== "RUNNING", onData: ({ bulk: now }) => setBulk(now) },
  );
  const stop = async () => {
    const { data, error } = await client.mutation(CancelBulkDocument, { input: { id: bulk.id } }).toPromise();
    if (data?.answer.bulk) setBulk(data.answer.bulk);
    setProblem(error ? mutationSentenceOf(error) : (data?.answer.problems[0]?.message ?? null));
  };
  const isRunning = bulk.state === "RUNNING";
  return (
    <Stack gap="sm">
      <p className={classes.reach} role="status">
        <strong>{resultOf(bulk)}</strong> of {formatInteger(bulk.counts.total)}
      </p>
      <Progress
        value={bulk.progress * 100}
        color={bulk.counts.refused ? "var(--hw-warn-fill)" : "var(--hw-active-fill)"}
        aria-label="Progress"
      />
      {bulk.counts.refused > 0 && <Refused id={bulk.id} count={bulk.counts.refused} />}
      {problem && <Problems problems={[{ code: "INVALID_STATE", message: problem, path: null }]} />}
      <Group justify="flex-end" gap="xs">
        {isRunning && <Button onClick={() => void stop()}>Stop the rest</Button>}
        <Button variant={isRunning ? "default" : "filled"} onClick={onClose}>
          {isRunning ? "Go on in the background" : "Close"}
        </Button>
      </Group>
    </Stack>
  );
}

function Refused({ id, count }: { id: string; count: number }) {
  const { data } = useRead(
    BulkResultsDocument,
    { id, outcome: "REFUSED" as const, after: null },
    { version: count },
  );
  const results = data?.bulk?.results.nodes ?? [];
  return (
    <>
      <ul className={classes.results} aria-label="Refused">
        {results.map(({ executionId, name, problem }) => (
          <li key={executionId}>
            <Link to="/executions/$id" params={{ id: executionId }} search={{}} target="_blank">
              {name}
            </Link>
            <span>{problem?.message}</span>
          </li>
        ))}
      </ul>
      {count > results.length && results.length > 0 && (
        <p className={classes.samples}>and {formatInteger(count - results.length)} more</p>
      )}
    </>
  );
}
