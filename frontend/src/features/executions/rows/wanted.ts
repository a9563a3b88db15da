import type { ListQuery, Order } from "../address";

/** The number of rows in the subscription; older pages are read on demand. */
export const WINDOW = 100;

export type Wanted = ListQuery &
  Order & { names: readonly string[]; usual: boolean; paused?: boolean; settleAfter: number };

export function keyOf({ where, search, orderBy, orderByValue }: ListQuery & Order): string {
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

/** A query for those of the given executions that still match. */
export function againOf(wanted: Wanted, ids: readonly string[]) {
  const these = { id: [...ids] };
  const where = wanted.where ? { and: [wanted.where, these] } : these;
  return { ...variablesOf(wanted), where, after: null };
}
