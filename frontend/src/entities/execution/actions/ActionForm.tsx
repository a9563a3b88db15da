import { ConfirmDialog } from "./ConfirmDialog";
import { EXECUTION_ENDS, TASK_RUN_ENDS } from "./corrections";
import { LabelsDialog } from "./LabelsDialog";
import { NoteDialog } from "./NoteDialog";
import type { Outcome } from "./perform";
import { StateDialog } from "./StateDialog";
import type { Open } from "./useActions";

type Props = { open: Open; onClose: () => void; onAsk: (input: Record<string, unknown>) => Promise<Outcome> };

/** The form that an action is asked in. */
export function ActionForm({ open, onClose, onAsk }: Props) {
  const { spec, target } = open;
  switch (spec.form) {
    case "labels":
      return <LabelsDialog target={target} onClose={onClose} onSave={onAsk} />;
    case "note":
      return <NoteDialog target={target} onClose={onClose} onSave={onAsk} />;
    case "state":
      return (
        <StateDialog
          title={`State of ${target.name}`}
          text="Only the state changes: nothing runs, nothing is undone."
          states={EXECUTION_ENDS}
          current={target.state}
          onClose={onClose}
          onSave={onAsk}
        />
      );
    case "task":
      return (
        <StateDialog
          title={`State of ${target.taskRun?.key} in ${target.name}`}
          text="What did not run because of the task waits again, and the execution goes on from there."
          states={TASK_RUN_ENDS}
          current={target.taskRun?.state}
          onClose={onClose}
          onSave={onAsk}
        />
      );
    default:
      return <ConfirmDialog spec={spec} target={target} onClose={onClose} onConfirm={onAsk} />;
  }
}
