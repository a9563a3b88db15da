import { notifications } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { useClient } from "urql";
import { openDialog } from "@/shared/lib/dialogs";
import { toLastList } from "@/shared/lib/lastList";
import { lazily } from "@/shared/ui/lazily";
import type { Label } from "./LabelsDialog";
import { type Outcome, perform } from "./perform";
import { type ActedOn, type ActionSpec, inputOf } from "./registry";

/** Preloaded, so that the form opens even if the server has become unreachable meanwhile. */
const ActionForm = lazily(() => import("./ActionForm").then((form) => form.ActionForm), {
  closing: ({ onClose }) => onClose,
});
const LOADED_AFTER = 1_000;

/** `given` is added to the input: the task that a replay starts from. `taskRun` is the task run of a task's action. */
export type Target = {
  id: string;
  name: string;
  state?: string;
  labels: readonly Label[];
  /** The execution whose form "Run again" opens. */
  flow?: { namespace: string; key: string };
  /** The number of executions started by its subflows that have not ended. */
  children?: number;
  given?: Record<string, unknown>;
  taskRun?: { id: string; key: string; state: string };
};
export type Open = { spec: ActionSpec; target: Target };

/** "confirm": with its confirmation, as a key does. "now": at once, where the button already says what happens. */
export type How = "confirm" | "now";

export type Actions = {
  /** Without `how` the action's own form decides. */
  start: (spec: ActionSpec, target: Target, how?: How) => void;
  /** The action that was sent and is not answered yet. */
  pending: { id: string; word: string } | null;
  dialog: ReactNode;
  isOpen: boolean;
};

const SHOW_PENDING_AFTER = 80;

/** Runs actions from buttons, menus and keys: confirmation, mutation, result. */
export function useActions(onAnswered?: (execution: ActedOn) => void): Actions {
  const client = useClient();
  const navigate = useNavigate();
  const [open, setOpen] = useState<Open | null>(null);
  const [pending, setPending] = useState<Actions["pending"]>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    const behind = setTimeout(ActionForm.preload, LOADED_AFTER);
    return () => clearTimeout(behind);
  }, []);

  const send = useCallback(
    async ({ spec, target }: Open, input: Record<string, unknown>): Promise<Outcome> => {
      const word = spec.pending;
      if (word)
        timer.current = setTimeout(() => setPending({ id: target.id, word: `${word}…` }), SHOW_PENDING_AFTER);
      const given = { ...target.given, ...input };
      const taskRun = target.taskRun && { taskRunId: target.taskRun.id, ...given };
      const outcome = await perform(client, spec, taskRun ?? inputOf(spec, target.id, given));
      clearTimeout(timer.current);
      setPending(null);
      if (outcome.problems.length) return outcome;
      const shown = addressAfter(spec, outcome);
      if (shown) void navigate(shown);
      else if (outcome.execution) onAnswered?.(outcome.execution);
      return outcome;
    },
    [client, onAnswered, navigate],
  );

  const start = useCallback(
    (spec: ActionSpec, target: Target, how?: How) => {
      if (spec.form === "prepare") return openDialog({ kind: "prepare", execution: target });
      if (spec.form === "run-again") return openRunAgain(target);
      const atOnce = spec.form === "none" || (spec.form === "confirm" && how === "now");
      if (!atOnce || how === "confirm") return setOpen({ spec, target });
      void send({ spec, target }, {}).then((outcome) => {
        for (const { message } of outcome.problems) {
          notifications.show({ color: "danger", title: `${spec.word}: refused`, message, autoClose: 8000 });
        }
      });
    },
    [send],
  );

  const dialog = open && (
    <Suspense fallback={null}>
      <ActionForm open={open} onClose={() => setOpen(null)} onSend={(input) => send(open, input)} />
    </Suspense>
  );
  return { start, pending, dialog, isOpen: open !== null };
}

function openRunAgain({ id, name, flow }: Target): void {
  if (flow)
    openDialog({ kind: "run-again", execution: { id, name, namespace: flow.namespace, flowKey: flow.key } });
}

/** The path to open afterwards: of the execution that was started, or of the list after a deletion. */
function addressAfter(spec: ActionSpec, { execution }: Outcome) {
  if (spec.action === "DELETE") return toLastList();
  return spec.startsAnother && execution
    ? ({ to: "/executions/$id", params: { id: execution.id }, search: {} } as const)
    : null;
}
