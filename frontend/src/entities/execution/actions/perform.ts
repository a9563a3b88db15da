import type { Client } from "@urql/core";
import { mutationSentenceOf } from "@/shared/ui/ErrorState";
import type { ActedOn, ActionSpec, Answer, PlannedTask, Refusal } from "./registry";

export type Outcome = {
  execution: ActedOn | null;
  problems: readonly Refusal[];
  plan?: readonly PlannedTask[];
};

/** Asks for the action; a broken connection is one more problem with a sentence, not an exception. */
export async function perform(
  client: Client,
  spec: ActionSpec,
  input: Record<string, unknown>,
): Promise<Outcome> {
  const result = await client.mutation(spec.mutation, { input }).toPromise();
  if (result.error) {
    return {
      execution: null,
      problems: [{ code: "UNAVAILABLE", message: mutationSentenceOf(result.error), path: null }],
    };
  }
  const { execution, executions, plan, problems } = (result.data as Answer).answer;
  return { execution: execution ?? executions?.[0] ?? null, problems, plan: plan?.tasks };
}
