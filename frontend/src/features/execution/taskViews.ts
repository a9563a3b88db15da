import type { TaskView } from "@/entities/taskRun/TaskMenu";
import { EXPRESSION } from "./inspector/outputs/expression";

/** The tab and the place in it that a task's menu leads to: an expression is debugged beside the outputs. */
export function showing(view: TaskView): { tab: string; hash: string } {
  return view === "debug" ? { tab: "outputs", hash: EXPRESSION } : { tab: view, hash: "" };
}
