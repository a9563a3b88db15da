import type { Availability } from "@/entities/execution/actions/registry";
import { TaskRunActionsDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";

/** The available actions of a task run, each as a menu shows it; read when the menu opens. */
export function useTaskRunActions(id: string, key: string) {
  const { data } = useRead(TaskRunActionsDocument, { id, key });
  const found = data?.execution;
  return {
    replay: availabilityOf(found?.availableActions, "REPLAY"),
    change: availabilityOf(found?.task?.availableActions, "CHANGE_TASK_RUN_STATE"),
  };
}

/** Disabled until the server has answered; hidden where the viewer's role never allows it. */
function availabilityOf(available: readonly Availability[] | undefined, action: Availability["action"]) {
  const answer = available?.find((one) => one.action === action);
  return {
    hidden: answer?.code === "FORBIDDEN",
    shown: { allowed: answer?.allowed ?? false, note: answer?.reason },
  };
}
