export type InputRow = { name: string; value: unknown; before?: unknown; changed: boolean };

/** The inputs with their values; those that differ from the last success come first, with the earlier value. */
export function inputRows(now: unknown, before: unknown | undefined): InputRow[] {
  const values = spread(objectOf(now));
  const earlier = before === undefined ? undefined : spread(objectOf(before));
  const names = [...new Set([...Object.keys(values), ...Object.keys(earlier ?? {})])];
  const rows = names.map((name): InputRow => {
    const value = values[name];
    const changed = earlier !== undefined && !same(value ?? null, earlier[name] ?? null);
    return changed ? { name, value, before: earlier[name], changed } : { name, value, changed };
  });
  return [...rows.filter((row) => row.changed), ...rows.filter((row) => !row.changed)];
}

/** Splits objects into members, as `args.day`, to show which of them differs. */
function spread(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]): [string, unknown][] => {
      const members = Object.entries(objectOf(value));
      return members.length ? members.map(([member, one]) => [`${name}.${member}`, one]) : [[name, value]];
    }),
  );
}

function objectOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

/** Whether two JSON values are equal, whatever the order of members. */
function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (one === null || other === null || typeof one !== "object" || typeof other !== "object") return false;
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length || Array.isArray(one) !== Array.isArray(other)) return false;
  return keys.every((key) => same((one as never)[key], (other as never)[key]));
}

/** A value on one line: text as it is, else its JSON. */
export function inOneLine(value: unknown): string {
  if (value === undefined || value === null) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}
