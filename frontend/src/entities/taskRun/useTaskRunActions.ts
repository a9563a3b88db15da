import type { Availability } from "@/entities/execution/actions/registry";
import { TaskRunActionsDocument } from "@/shared/graphql/gen/graphql";
import { useRead } from "@/shared/graphql/read";

/** What may be done with a task run, each as a line of a menu shows it; read when the menu opens. */
export function useTaskRunActions(id: string, key: string) {
  const { data } = useRead(TaskRunActionsDocument, { id, key });
  const found = data?.execution;
  return {
    replay: availabilityOf(found?.availableActions, "REPLAY"),
    change: availabilityOf(found?.task?.availableActions, "CHANGE_TASK_RUN_STATE"),
  };
}

/** Not possible until the server has said so; hidden where the viewer's role never allows it. */
function availabilityOf(available: readonly Availability[] | undefined, action: Availability["action"]) {
  const told = available?.find((one) => one.action === action);
  return {
    hidden: told?.code === "FORBIDDEN",
    shown: { allowed: told?.allowed ?? false, note: told?.reason },
  };
}
