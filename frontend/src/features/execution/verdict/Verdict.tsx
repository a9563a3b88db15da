import type { Actions } from "@/entities/execution/actions/useActions";
import type { ExecutionRecord } from "@/entities/execution/record";
import { isEnded } from "@/shared/ui/stateTokens";
import type { Facts } from "../useFacts";
import type { Offered } from "../useOffers";
import { AskStrip } from "./AskStrip";
import { EndedStrip } from "./EndedStrip";
import { FailedStrip } from "./FailedStrip";
import { StillStrip } from "./StillStrip";

export type VerdictProps = {
  record: ExecutionRecord;
  facts: Facts | undefined;
  offered: Offered;
  actions: Actions;
};

type Props = VerdictProps & {
  /** The key of the task that is selected: its question is shown before others. */
  selected: string | undefined;
};

const QUIET_ENDS: ReadonlySet<string> = new Set(["KILLED", "CANCELLED", "WARNING"]);

/** What happened and the fix, the question of an approval, or why nothing moves; nothing for a quiet success. */
export function Verdict({ selected, ...props }: Props) {
  const { head, approvals } = props.record;
  const over = isEnded(head.state);
  const pending = over ? [] : [...approvals.values()].filter(({ state }) => state === "PENDING");
  const first = [...pending].sort((one, other) => rank(one, selected) - rank(other, selected));
  const decided =
    head.state === "REJECTED" && [...approvals.values()].some(({ state }) => state === "REJECTED");
  if (QUIET_ENDS.has(head.state) || decided) return <EndedStrip {...props} />;
  const failed = head.failure !== null && head.state !== "SUCCESS";
  return (
    <>
      {failed && <FailedStrip {...props} />}
      {first.length > 0 && <AskStrip id={head.id} pending={first} />}
      {!over && !first.length && <StillStrip {...props} />}
    </>
  );
}

type Pending = { taskRun: { key: string }; canDecide: boolean };

function rank({ taskRun, canDecide }: Pending, selected: string | undefined): number {
  if (taskRun.key === selected) return 0;
  return canDecide ? 1 : 2;
}
