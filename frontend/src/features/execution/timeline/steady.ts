import type { Row } from "./rows";

/** The lines, each replaced by its previous object if unchanged, so that it is not rendered again. */
export function reused(before: ReadonlyMap<string, Row>, rows: readonly Row[]): Row[] {
  return rows.map((row) => {
    const old = before.get(row.id);
    return old && saysTheSame(old, row) ? old : row;
  });
}

/** Fields derived from `members` and `task`: equal when those are. */
const DERIVED: ReadonlySet<string> = new Set(["iterations", "counts"]);

function saysTheSame(one: Row, other: Row): boolean {
  const keys = Object.keys(other) as (keyof Row)[];
  return keys.every((key) => DERIVED.has(key) || isSame(one[key], other[key]));
}

function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false;
  return one.every((value, index) => value === other[index]);
}

/** Keeps the previous order of the lines; new ones are added at the end, so that nothing moves. */
export function inOrder(rows: readonly Row[], held: readonly string[]): Row[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const kept = held.flatMap((id) => byId.get(id) ?? []);
  const known = new Set(held);
  return [...kept, ...rows.filter((row) => !known.has(row.id))];
}
