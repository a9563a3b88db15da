export const MOST = 5;

/** The ids as the API takes them: the baseline first, each once. */
export function askedOrder(ids: readonly string[], baseline: string | undefined): string[] {
  const once = [...new Set(ids)];
  if (!baseline || !once.includes(baseline)) return once;
  return [baseline, ...once.filter((id) => id !== baseline)];
}

/** For each id that is shown, where it was asked for. */
export function placesOf(shown: readonly string[], asked: readonly string[]): number[] {
  return [...new Set(shown)].map((id) => asked.indexOf(id));
}
