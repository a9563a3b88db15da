import type { CombinedError } from "@urql/core";
import type { ExecutionFilter, ExecutionState, TriggerKind } from "@/shared/graphql/gen/graphql";
import { EXECUTION_STATES, isEnded, STATE_TOKENS } from "@/shared/ui/stateTokens";

/** The filter as it stands in the URL: the only place that holds it. */
export type Search = {
  /** In the search language. */
  q?: string | undefined;
  state?: string | undefined;
  flow?: string | undefined;
  namespace?: string | undefined;
  kind?: string | undefined;
  /** A kind of trigger, as `schedule`. */
  trigger?: string | undefined;
  /** `hidden` leaves out what subflow tasks of other executions started. */
  subflows?: string | undefined;
};

export type Chip = { key: string; name: string; value: string; without: Search };

export const FIELDS = ["namespace", "flow", "kind", "trigger"] as const;
export type Field = (typeof FIELDS)[number];

const TRIGGERS: Record<TriggerKind, true> = {
  MANUAL: true,
  API: true,
  SCHEDULE: true,
  BACKFILL: true,
  SUBFLOW: true,
  REPLAY: true,
  RERUN: true,
  RECORDED: true,
};

export function nameOf(field: Field): string {
  return field[0]!.toUpperCase() + field.slice(1);
}

export function hidesSubflows(search: Search): boolean {
  return search.subflows === "hidden";
}

/** Names that are no states are dropped: an address somebody typed must not break the list. */
export function statesOf(search: Search): ExecutionState[] {
  const asked = new Set((search.state ?? "").split(",").map((name) => name.trim().toUpperCase()));
  return EXECUTION_STATES.filter((state) => asked.has(state));
}

export function withStates(search: Search, states: readonly ExecutionState[]): Search {
  return { ...search, state: states.length ? states.join(",") : undefined };
}

/** `acme.*` means every namespace that starts with `acme.`; the same for flows and kinds. */
export function whereOf(search: Search): ExecutionFilter | undefined {
  const where: ExecutionFilter = {};
  const states = statesOf(search);
  if (states.length) where.state = { in: states };
  for (const field of FIELDS) {
    const text = search[field]?.trim();
    if (text && field !== "trigger")
      where[field] = text.endsWith("*") ? { prefix: text.slice(0, -1) } : { eq: text };
  }
  const trigger = triggerOf(search);
  if (trigger) where.trigger = [trigger];
  if (hidesSubflows(search)) where.isChild = false;
  return Object.keys(where).length ? where : undefined;
}

/** A word that is no kind is dropped, as with states. */
function triggerOf(search: Search): TriggerKind | undefined {
  const word = search.trigger?.trim().toUpperCase() ?? "";
  return word in TRIGGERS ? (word as TriggerKind) : undefined;
}

export function searchOf(search: Search): string | undefined {
  return search.q?.trim() || undefined;
}

/** What is wrong with the search, in the server's words; undefined for every other error. */
export function faultOf(error: CombinedError): string | undefined {
  return error.graphQLErrors.find(({ extensions }) => String(extensions?.path) === "search")?.message;
}

export function chipsOf(search: Search): Chip[] {
  const states = statesOf(search);
  const quick = quickOf(search);
  const chips: Chip[] = [];
  if (states.length) {
    const value = quick ? quick.name : states.map((state) => STATE_TOKENS[state].word).join(" or ");
    chips.push({ key: "state", name: "State", value, without: withStates(search, []) });
  }
  const words = searchOf(search);
  if (words) chips.push({ key: "q", name: "Search", value: words, without: { ...search, q: undefined } });
  for (const field of FIELDS) {
    const value = search[field]?.trim();
    const without = { ...search, [field]: undefined };
    if (value) chips.push({ key: field, name: nameOf(field), value, without });
  }
  if (hidesSubflows(search)) {
    chips.push({
      key: "subflows",
      name: "Subflows",
      value: "hidden",
      without: { ...search, subflows: undefined },
    });
  }
  return chips;
}

export type Quick = { name: string; states: readonly ExecutionState[] };

export const QUICK: readonly Quick[] = [
  { name: "All", states: [] },
  { name: "Executing", states: EXECUTION_STATES.filter((state) => !isEnded(state)) },
  { name: "Failed", states: EXECUTION_STATES.filter((state) => STATE_TOKENS[state].tone === "bad") },
  { name: "Waiting for approval", states: ["WAITING_FOR_APPROVAL"] },
];

/** The quick view that the search is, as far as states go. */
export function quickOf(search: Search): Quick | undefined {
  const states = statesOf(search).join();
  return QUICK.find((quick) => withStates({}, quick.states).state === (states || undefined));
}
