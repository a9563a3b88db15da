import type { ComparedRunFragment } from "@/shared/graphql/gen/graphql";
import { listed } from "./sentence";

export type Compared = Pick<ComparedRunFragment, "inputs" | "revision" | "git">;
/** `what` names the part that differs, for those who hear the page. */
export type Change = { what: "revision" | "commit" | "branch" | "inputs"; words: string };

const COMMIT = 7;

/** What is different from an earlier execution of the flow: its revision, its code, its inputs. */
export function changedSince(then: Compared, now: Compared): Change[] {
  const changes: Change[] = [];
  const tell = (what: Change["what"], from: string | undefined, to: string | undefined, name: string) => {
    if (from !== to && (from || to))
      changes.push({ what, words: `${name} ${from ?? "none"} → ${to ?? "none"}` });
  };
  tell("revision", then.revision?.number.toString(), now.revision?.number.toString(), "rev");
  tell("commit", then.git?.commit?.slice(0, COMMIT), now.git?.commit?.slice(0, COMMIT), "commit");
  tell("branch", then.git?.branch ?? undefined, now.git?.branch ?? undefined, "branch");
  const inputs = differingKeys(then.inputs, now.inputs);
  if (inputs.length)
    changes.push({ what: "inputs", words: `${inputs.length === 1 ? "input" : "inputs"} ${listed(inputs)}` });
  return changes;
}

function differingKeys(then: unknown, now: unknown): string[] {
  const before = objectOf(then);
  const after = objectOf(now);
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((key) => canonical(before[key] ?? null) !== canonical(after[key] ?? null))
    .sort();
}

function objectOf(value: unknown): Record<string, unknown> {
  return value && typeof value === "object" ? (value as Record<string, unknown>) : {};
}

/** JSON in which the order of keys says nothing. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}
