import type { Headway } from "./test";

type Refusals = { problems: { message: string }[] };
export type Training = { learningRate: number; steps: number; floor: number };

/** Records a training run that ended elsewhere, with a falling loss and a rising accuracy; its id. */
export async function recordTraining(
  { server }: Headway,
  { learningRate, steps, floor }: Training,
): Promise<string> {
  const ask = async <Answer extends Refusals>(root: string, kind: string, input: unknown, fields = "") => {
    const answer = await server.graphql<Record<string, Answer>>(
      `mutation ($input: ${kind}!) { ${root}(input: $input) { ${fields} problems { message } } }`,
      { input },
    );
    const problems = answer[root]!.problems;
    if (problems.length) throw new Error(problems.map((problem) => problem.message).join("; "));
    return answer[root]!;
  };
  const { execution } = await ask<Refusals & { execution: { id: string } }>(
    "recordExecution",
    "RecordExecutionInput",
    {
      namespace: "e2e",
      pipeline: "training",
      kind: "train",
      inputs: { learning_rate: learningRate, batch_size: 64 },
    },
    "execution { id }",
  );
  const executionId = execution.id;
  const metrics = Array.from({ length: steps }, (_, step) => [
    { name: "val_loss", step, value: floor + Math.exp(-step / 10) },
    { name: "accuracy", step, value: 1 - floor - Math.exp(-step / 10) / 2 },
  ]).flat();
  await ask("recordMetrics", "RecordMetricsInput", { executionId, metrics });
  await ask("finishExecution", "FinishExecutionInput", { executionId, state: "SUCCESS" });
  return executionId;
}
