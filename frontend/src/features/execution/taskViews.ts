import type { TaskView } from "@/entities/taskRun/TaskMenu";
import { EXPRESSION } from "./inspector/outputs/expression";

/** The tab, and the place in it, that an item of a task's menu opens: the expression field is below the outputs. */
export function showing(view: TaskView): { tab: string; hash: string } {
  return view === "debug" ? { tab: "outputs", hash: EXPRESSION } : { tab: view, hash: "" };
}
