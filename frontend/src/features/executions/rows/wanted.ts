import type { Asked, Order } from "../address";

/** How many of the first rows are followed; older pages are read when asked for. */
export const WINDOW = 100;

export type Wanted = Asked &
  Order & { names: readonly string[]; usual: boolean; paused?: boolean; settleAfter: number };

export function keyOf({ where, search, orderBy, orderByValue }: Asked & Order): string {
  return JSON.stringify([where, search, orderBy, orderByValue]);
}

export function isSorted(wanted: Order): boolean {
  return wanted.orderByValue !== null || (wanted.orderBy ?? "CREATED_DESC") !== "CREATED_DESC";
}

export function variablesOf({ where, search, orderBy, orderByValue, names, usual }: Wanted) {
  return {
    where,
    search,
    orderBy: orderByValue ? null : orderBy,
    orderByValue,
    names: [...names],
    usual,
    first: WINDOW,
  };
}

/** Of these executions, those that the search still finds. */
export function againOf(wanted: Wanted, ids: readonly string[]) {
  const these = { id: [...ids] };
  const where = wanted.where ? { and: [wanted.where, these] } : these;
  return { ...variablesOf(wanted), where, after: null };
}
