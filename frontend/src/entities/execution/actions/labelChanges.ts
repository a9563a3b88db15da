import type { LabelMode } from "@/shared/graphql/gen/graphql";

export type Label = { key: string; value: string };
export type LabelChange = { labels: Label[]; mode: LabelMode };

/**
 * Returns the changes from the labels as they were to the wanted ones. Other labels are not named, so that a label
 * that somebody else has set meanwhile stays.
 */
export function labelChanges(before: readonly Label[], wanted: readonly Label[]): LabelChange[] {
  const earlier = new Map(before.map(({ key, value }) => [key, value]));
  const kept = new Set(wanted.map(({ key }) => key));
  const set = wanted.filter(({ key, value }) => earlier.get(key) !== value);
  const gone = before.filter(({ key }) => !kept.has(key));
  const changes: LabelChange[] = [
    { labels: set, mode: "MERGE" },
    { labels: gone, mode: "REMOVE" },
  ];
  return changes.filter(({ labels }) => labels.length > 0);
}
