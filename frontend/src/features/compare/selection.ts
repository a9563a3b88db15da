export const MOST = 5;

/** The ids as the API takes them: the baseline first, without duplicates. */
export function baselineFirst(ids: readonly string[], baseline: string | undefined): string[] {
  const once = [...new Set(ids)];
  if (!baseline || !once.includes(baseline)) return once;
  return [baseline, ...once.filter((id) => id !== baseline)];
}

/** For each shown id, its index in the request. */
export function placesOf(shown: readonly string[], requested: readonly string[]): number[] {
  return [...new Set(shown)].map((id) => requested.indexOf(id));
}
