/** Merges by seq, without duplicates: a resumed stream may repeat some. Returns the first array itself when nothing is new; keeps the last `most`. */
export function joined<Numbered extends { seq: number }>(
  known: readonly Numbered[],
  more: readonly Numbered[],
  most = Number.POSITIVE_INFINITY,
): readonly Numbered[] {
  const last = known.at(-1)?.seq ?? -1;
  const fresh = more.filter(({ seq }) => seq > last);
  return fresh.length ? [...known, ...fresh].slice(-most) : known;
}
