import { Time } from "@/shared/ui/Time";
import type { Reason } from "./reason";

/** "release: approval by role operator, 0 of 1 given, and 2 more" */
export function ReasonLine({ reason: { task, text, at, others } }: { reason: Reason }) {
  return (
    <>
      {task && <b>{task}: </b>}
      {text}
      {at && (
        <>
          {" "}
          {at.word} <Time at={at.time} />
        </>
      )}
      {others > 0 && `, and ${others} more`}
    </>
  );
}
