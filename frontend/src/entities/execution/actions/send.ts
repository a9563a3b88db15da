import type { Client, CombinedError, TypedDocumentNode } from "@urql/core";
import { mutationSentenceOf } from "@/shared/ui/ErrorState";
import type { Refusal } from "./registry";

type Problems = { problems: readonly Refusal[] };
/** The mutation's result, or only problems when there was no answer. */
export type Sent<Answer extends Problems> = Partial<Omit<Answer, "problems">> & Problems;

/**
 * Sends a mutation; a broken connection becomes one more problem with a message, not an exception. `sentenceOf` says
 * what is known then: the server may still have run the mutation.
 */
export async function send<Answer extends Problems, Input>(
  client: Client,
  mutation: TypedDocumentNode<{ answer: Answer }, { input: Input }>,
  input: Input,
  sentenceOf: (error: CombinedError) => string = mutationSentenceOf,
): Promise<Sent<Answer>> {
  const { data, error } = await client.mutation(mutation, { input }).toPromise();
  if (data) return data.answer;
  const message = error ? sentenceOf(error) : "The server sent no answer.";
  return { problems: [{ code: "UNAVAILABLE", message, path: null }] } as unknown as Sent<Answer>;
}
