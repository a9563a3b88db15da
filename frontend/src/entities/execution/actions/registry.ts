import type { ExecutionActionsQuery, OvertakenFragment, ProblemCode } from "@/shared/graphql/gen/graphql";
import { ACTIONS, type ActionSpec, type PageAction } from "./table";

export { ACTIONS, type ActionSpec, type PageAction, REPLAY_FROM_TASK } from "./table";

export type ActedOn = { id: string; seq: number; state: string };
export type Refusal = {
  code: ProblemCode;
  message: string;
  path: string[] | null;
  /** With ALREADY_DECIDED: the request as it was decided. */
  request?: OvertakenFragment["request"];
};
export type PlannedTask = { key: string; plan: string; why: string; isNew: boolean };
export type Answer = {
  answer: {
    execution?: ActedOn | null;
    executions?: ActedOn[];
    plan?: { tasks: PlannedTask[] } | null;
    problems: Refusal[];
  };
};
type Told = NonNullable<ExecutionActionsQuery["execution"]>["availableActions"][number];
/** What the server says of an action of its own, or the page of one of its. */
export type Availability = Omit<Told, "action" | "__typename"> & { action: PageAction };

export type Offer = { spec: ActionSpec; allowed: boolean; reason: string | null };

/** Actions that a card or a task's menu asks for. */
const ELSEWHERE = new Set<ActionSpec["form"]>(["approval", "task"]);
/** Two names of one wish: the first that is allowed stands for both, else the second. */
const PAIRS: readonly [PageAction, PageAction][] = [
  ["RESTART", "RETRY_FAILED"],
  ["UNARCHIVE", "ARCHIVE"],
];

/** Allowed ones first, the others with the server's reason. What the viewer's role never allows is left out. */
export function offersOf(available: readonly Availability[]): Offer[] {
  const hidden = new Set(PAIRS.map(([first, second]) => (isAllowed(available, first) ? second : first)));
  const offers = ACTIONS.filter((spec) => !ELSEWHERE.has(spec.form) && !hidden.has(spec.action)).flatMap(
    (spec) => {
      const found = available.find((one) => one.action === spec.action);
      if (!found || found.code === "FORBIDDEN") return [];
      return [{ spec, allowed: found.allowed, reason: found.reason }];
    },
  );
  return [...offers.filter((offer) => offer.allowed), ...offers.filter((offer) => !offer.allowed)];
}

function isAllowed(available: readonly Availability[], action: PageAction): boolean {
  return available.some((one) => one.action === action && one.allowed);
}

export function specOf(action: PageAction): ActionSpec {
  return ACTIONS.find((spec) => spec.action === action)!;
}

/** What the mutation is asked with: most take one id, some a list. */
export function inputOf(
  spec: ActionSpec,
  id: string,
  given: Record<string, unknown>,
): Record<string, unknown> {
  return spec.many ? { ids: [id], ...given } : { id, ...given };
}
