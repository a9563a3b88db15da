import type { Head } from "@/entities/execution/record";
import { ExecutionFactsDocument, type ExecutionFactsQuery } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";

export type Facts = NonNullable<ExecutionFactsQuery["execution"]>;
export type Known = { facts: Facts | undefined; permissions: readonly string[] | undefined };

/** Facts around the record. They are filled in when loaded; nothing waits for them. */
export function useFacts({ id, state, endedAt }: Pick<Head, "id" | "state" | "endedAt">): Known {
  const { data } = useRead(ExecutionFactsDocument, { id }, { version: `${state}|${endedAt}` });
  return { facts: data?.execution ?? undefined, permissions: data?.viewer.permissions };
}
