import type { TaskRunRow } from "@/entities/execution/record";

const parentOf = (key: string): string => key.slice(0, key.length - lastOf(key).length);
const lastOf = (key: string): string => key.slice(key.lastIndexOf(".") + 1);

/** Task runs that this one needs, and those that need it, of the same iteration; in the flow's order. */
export function neighboursOf(taskRun: TaskRunRow, all: Iterable<TaskRunRow>) {
  const place = parentOf(taskRun.key);
  const beside = [...all].filter((one) => parentOf(one.key) === place);
  return {
    needs: beside.filter((one) => taskRun.task.needs.includes(lastOf(one.key))),
    neededBy: beside.filter((one) => one.task.needs.includes(lastOf(taskRun.key))),
  };
}
