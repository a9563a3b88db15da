import type { Actions } from "@/entities/execution/actions/useActions";
import type { ExecutionRecord } from "@/entities/execution/record";

type Props = { record: ExecutionRecord; actions: Actions };

/** What happened and the fix, or the question of an approval; nothing for a quiet success. */
export function Verdict({ record: { head } }: Props) {
  if (!head.failure) return null;
  return <section aria-label="Verdict">{head.failure.message}</section>;
}
