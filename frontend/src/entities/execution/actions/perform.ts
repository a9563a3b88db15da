import type { Client } from "@urql/core";
import { addOwn } from "../own";
import type { ActedOn, ActionSpec, Answer, PlannedTask, Refusal } from "./registry";
import { send } from "./send";

export type Outcome = {
  execution: ActedOn | null;
  problems: readonly Refusal[];
  plan?: readonly PlannedTask[];
};

/** Sends the action's mutation, whether it returns one execution or several. */
export async function perform(
  client: Client,
  spec: ActionSpec,
  input: Record<string, unknown>,
): Promise<Outcome> {
  const sent = await send<Answer["answer"], Record<string, unknown>>(client, spec.mutation, input);
  const { execution, executions, plan, problems } = sent;
  for (const { id } of [execution ?? [], executions ?? []].flat()) addOwn(id);
  return { execution: execution ?? executions?.[0] ?? null, problems, plan: plan?.tasks };
}
