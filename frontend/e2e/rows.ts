import { expect, type Locator } from "@playwright/test";
import type { Headway } from "./test";

export type Recorded = {
  pipeline: string;
  metric?: number;
  failed?: string;
  label?: [string, string];
  startedAt?: string;
};

type Answer = { execution: { id: string; name: string } | null; problems: { message: string }[] };

const RECORD = `mutation ($input: RecordExecutionInput!) {
  recordExecution(input: $input) { execution { id name } problems { message } } }`;
const METRICS = `mutation ($input: RecordMetricsInput!) { recordMetrics(input: $input) { problems { message } } }`;
const FINISH = `mutation ($input: FinishExecutionInput!) { finishExecution(input: $input) { problems { message } } }`;

function check(problems: { message: string }[]): void {
  if (problems.length) throw new Error(problems.map((problem) => problem.message).join("; "));
}

/** An external run that has ended: a row without waiting for a run. */
export async function record(
  headway: Headway,
  namespace: string,
  given: Recorded,
): Promise<{ id: string; name: string }> {
  const [key, value] = given.label ?? [];
  const labels = key && value ? [{ key, value }] : [];
  const input = { namespace, pipeline: given.pipeline, kind: "recorded", labels, startedAt: given.startedAt };
  const { recordExecution } = await headway.server.graphql<{ recordExecution: Answer }>(RECORD, { input });
  check(recordExecution.problems);
  const execution = recordExecution.execution!;
  if (given.metric !== undefined) {
    const metrics = [{ name: "loss", value: given.metric }];
    const variables = { input: { executionId: execution.id, metrics } };
    check(
      (await headway.server.graphql<{ recordMetrics: Answer }>(METRICS, variables)).recordMetrics.problems,
    );
  }
  const error = given.failed ? { code: "EXIT_CODE", message: given.failed } : null;
  const end = {
    executionId: execution.id,
    state: error ? "FAILED" : "SUCCESS",
    error,
    endedAt: new Date().toISOString(),
  };
  check(
    (await headway.server.graphql<{ finishExecution: Answer }>(FINISH, { input: end })).finishExecution
      .problems,
  );
  return execution;
}

/** Creates many executions, eight at a time. */
export async function recordMany(headway: Headway, namespace: string, all: readonly Recorded[]) {
  const rows: { id: string; name: string }[] = [];
  for (let at = 0; at < all.length; at += 8) {
    rows.push(
      ...(await Promise.all(all.slice(at, at + 8).map((given) => record(headway, namespace, given)))),
    );
  }
  return rows;
}

/** Ticks a checkbox whose state is in the URL: it changes when the navigation is done. */
export async function tick(box: Locator): Promise<void> {
  await box.click();
  await expect(box).toBeChecked();
}
