import type { LabelMode } from "@/shared/graphql/gen/graphql";

export type Label = { key: string; value: string };
export type LabelChange = { labels: Label[]; mode: LabelMode };

/**
 * What leads from the labels as they were to those that are wanted. Others are left as they are, so that a label that
 * somebody else has set meanwhile stays.
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
