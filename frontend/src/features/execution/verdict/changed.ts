import type { ComparedRunFragment } from "@/shared/graphql/gen/graphql";
import { inOneLine, inputRows } from "../inspector/overview/changed";

export type Compared = Pick<ComparedRunFragment, "inputs" | "revision" | "git">;
/** `words` is short, `whole` has both values in full. */
export type Change = { name: string; words: string; whole: string };

const COMMIT = 7;

/** The differences from an earlier execution of the flow: its revision, its commit, each of its inputs. */
export function changedSince(then: Compared, now: Compared): Change[] {
  const changes: Change[] = [];
  const add = (name: string, from: string | null | undefined, to: string | null | undefined) => {
    if ((from ?? null) === (to ?? null)) return;
    const words = `${name} ${from ?? "none"} → ${to ?? "none"}`;
    changes.push({ name, words, whole: words });
  };
  add("rev", then.revision?.number.toString(), now.revision?.number.toString());
  add("commit", then.git?.commit?.slice(0, COMMIT), now.git?.commit?.slice(0, COMMIT));
  add("branch", then.git?.branch, now.git?.branch);
  for (const { name, value, before, changed } of inputRows(now.inputs, then.inputs ?? {})) {
    if (!changed) continue;
    const [from, to] = [textOf(before), textOf(value)];
    changes.push({
      name,
      words: `${name}: ${abbreviated(from, to).join(" → ")}`,
      whole: `${name}: ${from} → ${to}`,
    });
  }
  return changes;
}

function textOf(value: unknown): string {
  return value === undefined || value === null ? "none" : inOneLine(value).replaceAll(/\s+/g, " ").trim();
}

const MOST = 28;
/** The number of equal characters kept before the difference. */
const BEFORE = 8;

/** Two values, shortened to the part where they begin to differ if they are long. */
export function abbreviated(one: string, other: string): [string, string] {
  if (one.length <= MOST && other.length <= MOST) return [one, other];
  let same = 0;
  while (same < one.length && same < other.length && one[same] === other[same]) same += 1;
  const from = Math.max(0, Math.min(same - BEFORE, Math.max(one.length, other.length) - MOST));
  return [cut(one, from), cut(other, from)];
}

function cut(text: string, from: number): string {
  const part = text.slice(from, from + MOST);
  return `${from ? "…" : ""}${part}${from + MOST < text.length ? "…" : ""}`;
}
