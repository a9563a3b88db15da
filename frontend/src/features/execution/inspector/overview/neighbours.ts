import type { TaskRunRow } from "@/entities/execution/record";

const parentOf = (key: string): string => key.slice(0, key.length - lastOf(key).length);
const lastOf = (key: string): string => key.slice(key.lastIndexOf(".") + 1);

/** Task runs that this one needs, and those that need it, in the same iteration and the flow's order. */
export function neighboursOf(taskRun: TaskRunRow, all: Iterable<TaskRunRow>) {
  const place = parentOf(taskRun.key);
  const siblings = [...all].filter((one) => parentOf(one.key) === place);
  return {
    needs: siblings.filter((one) => taskRun.task.needs.includes(lastOf(one.key))),
    neededBy: siblings.filter((one) => one.task.needs.includes(lastOf(taskRun.key))),
  };
}
