import type { Client, CombinedError, TypedDocumentNode } from "@urql/core";
import { mutationSentenceOf } from "@/shared/ui/ErrorState";
import type { Refusal } from "./registry";

type Problems = { problems: readonly Refusal[] };
/** What was answered, or nothing but the problem that nothing was. */
export type Sent<Answer extends Problems> = Partial<Omit<Answer, "problems">> & Problems;

/**
 * Asks for a mutation; a broken connection is one more problem with a sentence, not an exception. `sentenceOf` says what
 * is known then: a mutation that changes something may have done so.
 */
export async function send<Answer extends Problems, Input>(
  client: Client,
  mutation: TypedDocumentNode<{ answer: Answer }, { input: Input }>,
  input: Input,
  sentenceOf: (error: CombinedError) => string = mutationSentenceOf,
): Promise<Sent<Answer>> {
  const { data, error } = await client.mutation(mutation, { input }).toPromise();
  if (data) return data.answer;
  const message = error ? sentenceOf(error) : "Nothing was answered.";
  return { problems: [{ code: "UNAVAILABLE", message, path: null }] } as unknown as Sent<Answer>;
}
