import { ExecutionPage } from "@/features/execution/ExecutionPage";
import { LogsPanel } from "@/features/logs/LogsPanel";

/** The page of an execution, with the log from a feature of its own. */
export function ExecutionScreen() {
  return <ExecutionPage Logs={LogsPanel} />;
}
