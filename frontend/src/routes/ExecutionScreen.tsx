import { ExecutionPage } from "@/features/execution/ExecutionPage";
import { LogsPanel } from "@/features/logs/LogsPanel";

/** The execution's page with the log, which is a feature of its own. */
export function ExecutionScreen() {
  return <ExecutionPage Logs={LogsPanel} />;
}
