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
type ServerAction = NonNullable<ExecutionActionsQuery["execution"]>["availableActions"][number];
/** Whether an action is allowed: the server's answer, or the page's for its own action. */
export type Availability = Omit<ServerAction, "action" | "__typename"> & { action: PageAction };

export type Offer = { spec: ActionSpec; allowed: boolean; reason: string | null };

/** Actions that only a card or a task's menu offers. */
const ELSEWHERE = new Set<ActionSpec["form"]>(["approval", "task"]);
/** Pairs of equivalent actions: the first that is allowed is offered, else the second. */
const PAIRS: readonly [PageAction, PageAction][] = [
  ["RESTART", "RETRY_FAILED"],
  ["UNARCHIVE", "ARCHIVE"],
];

/** Allowed actions first, the others with the server's reason. Actions that the viewer's role never allows are left out. */
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

/** The input of the mutation: most take one id, some a list. */
export function inputOf(
  spec: ActionSpec,
  id: string,
  given: Record<string, unknown>,
): Record<string, unknown> {
  return spec.many ? { ids: [id], ...given } : { id, ...given };
}
