import type { CombinedError } from "@urql/core";

export type Fault = { message: string; column: number | null };

/** The server's message about an invalid search; undefined for every other error. */
export function faultOf(error: CombinedError): Fault | undefined {
  const found = error.graphQLErrors.find(({ extensions }) => String(extensions?.path) === "search");
  if (!found) return undefined;
  const { column } = found.extensions as { column?: unknown };
  return { message: found.message, column: typeof column === "number" ? column : null };
}
