import { ConfirmDialog } from "./ConfirmDialog";
import { EXECUTION_ENDS, TASK_RUN_ENDS } from "./corrections";
import { LabelsDialog } from "./LabelsDialog";
import { NoteDialog } from "./NoteDialog";
import type { Outcome } from "./perform";
import { StateDialog } from "./StateDialog";
import type { Open } from "./useActions";

type Props = {
  open: Open;
  onClose: () => void;
  onSend: (input: Record<string, unknown>) => Promise<Outcome>;
};

/** The dialog form of an action. */
export function ActionForm({ open, onClose, onSend }: Props) {
  const { spec, target } = open;
  switch (spec.form) {
    case "labels":
      return <LabelsDialog target={target} onClose={onClose} onSave={onSend} />;
    case "note":
      return <NoteDialog target={target} onClose={onClose} onSave={onSend} />;
    case "state":
      return (
        <StateDialog
          title={`State of ${target.name}`}
          text="Only the state changes: nothing runs and nothing is undone."
          states={EXECUTION_ENDS}
          current={target.state}
          onClose={onClose}
          onSave={onSend}
        />
      );
    case "task":
      return (
        <StateDialog
          title={`State of ${target.taskRun?.key} in ${target.name}`}
          text="Downstream tasks that were cancelled become pending again, and the execution continues."
          states={TASK_RUN_ENDS}
          current={target.taskRun?.state}
          onClose={onClose}
          onSave={onSend}
        />
      );
    default:
      return <ConfirmDialog spec={spec} target={target} onClose={onClose} onConfirm={onSend} />;
  }
}
