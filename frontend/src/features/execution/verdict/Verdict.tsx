import type { Actions } from "@/entities/execution/actions/useActions";
import type { ExecutionRecord } from "@/entities/execution/record";
import { isEnded } from "@/shared/ui/stateTokens";
import type { Facts } from "../useFacts";
import type { Offered } from "../useOffers";
import { AskStrip } from "./AskStrip";
import { EndedStrip } from "./EndedStrip";
import { FailedStrip } from "./FailedStrip";
import { StillStrip } from "./StillStrip";
import { useQuestion } from "./useQuestion";

export type VerdictProps = {
  record: ExecutionRecord;
  facts: Facts | undefined;
  offered: Offered;
  actions: Actions;
};

type Props = VerdictProps & {
  /** The key of the selected task: selecting one shows its approval request. */
  selected: string | undefined;
};

const QUIET_ENDS: ReadonlySet<string> = new Set(["KILLED", "CANCELLED", "WARNING"]);

/** The failure and its fix, a pending approval, or why nothing progresses; nothing for a success. */
export function Verdict({ selected, ...props }: Props) {
  const { head, approvals } = props.record;
  const question = useQuestion(approvals, selected);
  const { shown, given } = question;
  const over = isEnded(head.state);
  const pending = !over && [...approvals.values()].some(({ state }) => state === "PENDING");
  const decided =
    head.state === "REJECTED" && [...approvals.values()].some(({ state }) => state === "REJECTED");
  if (QUIET_ENDS.has(head.state) || decided) return <EndedStrip {...props} />;
  const failed = head.failure !== null && head.state !== "SUCCESS";
  return (
    <>
      {failed && <FailedStrip {...props} />}
      {shown && (given || !over) && <AskStrip id={head.id} approval={shown} question={question} />}
      {!over && !pending && <StillStrip {...props} />}
    </>
  );
}
