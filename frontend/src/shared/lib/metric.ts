/** "fold=2, part=train": the tags of a metric, in the order of their keys. */
export function tagWords(tags: unknown): string {
  return Object.entries((tags ?? {}) as Record<string, unknown>)
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .sort()
    .join(", ");
}

type Named = { name: string; taskKey: string | null; tags: unknown };

/** "train · loss {split=test}": the parts that make a metric unique. */
export function metricName({ name, taskKey, tags }: Named): string {
  const labels = tagWords(tags);
  return `${taskKey ? `${taskKey} · ` : ""}${name}${labels ? ` {${labels}}` : ""}`;
}
