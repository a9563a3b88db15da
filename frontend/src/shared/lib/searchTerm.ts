const BARE = /^[\p{L}\p{N}_][\p{L}\p{N}_./-]*$/u;
const RESERVED = new Set(["AND", "OR", "NOT", "TO"]);

/** A value in search syntax: quoted if it has other characters than letters, digits and the like. */
export function quoted(value: string): string {
  if (BARE.test(value) && !RESERVED.has(value)) return value;
  return `"${value.replace(/(["\\])/g, "\\$1")}"`;
}

/** The search for executions with a label. */
export function labelTerm(key: string, value: string): string {
  return `label.${quoted(key)}:${quoted(value)}`;
}
