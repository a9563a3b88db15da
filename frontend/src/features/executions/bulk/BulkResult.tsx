import { Button, Group, Progress, Stack } from "@mantine/core";
import { useState } from "react";
import { useClient } from "urql";
import { Problems } from "@/entities/execution/actions/Problems";
import {
  BulkProgressDocument,
  type BulkStateFragment,
  CancelBulkDocument,
} from "@/shared/graphql/gen/graphql";
import { useLive } from "@/shared/graphql/live";
import { formatInteger } from "@/shared/lib/number";
import { mutationSentenceOf } from "@/shared/ui/ErrorState";
import classes from "./Bulk.module.css";
import { BulkOutcomes } from "./BulkOutcomes";
import { resultOf } from "./bulk";

/** The live progress and the outcomes. */
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
      <BulkOutcomes bulk={bulk} />
      {problem && <Problems problems={[{ code: "INVALID_STATE", message: problem, path: null }]} />}
      <Group justify="flex-end" gap="xs">
        {isRunning && <Button onClick={() => void stop()}>Stop the rest</Button>}
        <Button variant={isRunning ? "default" : "filled"} onClick={onClose}>
          {isRunning ? "Continue in the background" : "Close"}
        </Button>
      </Group>
    </Stack>
  );
}
