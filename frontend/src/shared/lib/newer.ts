/** An older state never overwrites a newer one; the same seq is a newer read of the same state. */
export function newer<T extends { seq: number }>(known: T | undefined | null, arrived: T): T {
  return known && known.seq > arrived.seq ? known : arrived;
}
