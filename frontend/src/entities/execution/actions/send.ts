import type { Client, TypedDocumentNode } from "@urql/core";
import { mutationSentenceOf } from "@/shared/ui/ErrorState";
import type { Refusal } from "./registry";

type Problems = { problems: readonly Refusal[] };
/** What was answered, or nothing but the problem that nothing was. */
export type Sent<Answer extends Problems> = Partial<Omit<Answer, "problems">> & Problems;

/** Asks for a mutation; a broken connection is one more problem with a sentence, not an exception. */
export async function send<Answer extends Problems, Input>(
  client: Client,
  mutation: TypedDocumentNode<{ answer: Answer }, { input: Input }>,
  input: Input,
): Promise<Sent<Answer>> {
  const { data, error } = await client.mutation(mutation, { input }).toPromise();
  if (data) return data.answer;
  const message = error ? mutationSentenceOf(error) : "Nothing was answered.";
  return { problems: [{ code: "UNAVAILABLE", message, path: null }] } as unknown as Sent<Answer>;
}
