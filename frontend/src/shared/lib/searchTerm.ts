const BARE = /^[\p{L}\p{N}_][\p{L}\p{N}_./-]*$/u;
const RESERVED = new Set(["AND", "OR", "NOT", "TO"]);

/** A value as it stands in a search: in quotes where it holds more than letters, digits and the like. */
export function quoted(value: string): string {
  if (BARE.test(value) && !RESERVED.has(value)) return value;
  return `"${value.replace(/(["\\])/g, "\\$1")}"`;
}

/** The search for what has a label. */
export function labelTerm(key: string, value: string): string {
  return `label.${quoted(key)}:${quoted(value)}`;
}
