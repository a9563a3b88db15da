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

/** Loaded behind the screen, so that the question can be asked also when the server cannot be reached by then. */
const ActionForm = lazily(() => import("./ActionForm").then((form) => form.ActionForm), {
  closing: ({ onClose }) => onClose,
});
const LOADED_AFTER = 1_000;

/** `given` goes with the input: the task that a replay starts from. `taskRun` is what a task's action is about. */
export type Target = {
  id: string;
  name: string;
  state?: string;
  labels: readonly Label[];
  /** Whose form "Run again" opens. */
  flow?: { namespace: string; key: string };
  /** How many executions that its subflows started have not ended. */
  children?: number;
  given?: Record<string, unknown>;
  taskRun?: { id: string; key: string; state: string };
};
export type Open = { spec: ActionSpec; target: Target };

/** "ask": with its question, as a key does. "now": at once, where the button already says all there is to ask. */
export type How = "ask" | "now";

export type Actions = {
  /** Without `how` the action's own form decides. */
  start: (spec: ActionSpec, target: Target, how?: How) => void;
  /** What was asked of an execution and is not answered yet. */
  asked: { id: string; word: string } | null;
  dialog: ReactNode;
  isOpen: boolean;
};

const SHOW_ASKED_AFTER = 80;

/** The one way from a button, a menu or a key to a mutation: question, asking, answer. */
export function useActions(onAnswered?: (execution: ActedOn) => void): Actions {
  const client = useClient();
  const navigate = useNavigate();
  const [open, setOpen] = useState<Open | null>(null);
  const [asked, setAsked] = useState<Actions["asked"]>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    const behind = setTimeout(ActionForm.preload, LOADED_AFTER);
    return () => clearTimeout(behind);
  }, []);

  const ask = useCallback(
    async ({ spec, target }: Open, input: Record<string, unknown>): Promise<Outcome> => {
      const word = spec.asked;
      if (word)
        timer.current = setTimeout(() => setAsked({ id: target.id, word: `${word}…` }), SHOW_ASKED_AFTER);
      const given = { ...target.given, ...input };
      const taskRun = target.taskRun && { taskRunId: target.taskRun.id, ...given };
      const outcome = await perform(client, spec, taskRun ?? inputOf(spec, target.id, given));
      clearTimeout(timer.current);
      setAsked(null);
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
      if (!atOnce || how === "ask") return setOpen({ spec, target });
      void ask({ spec, target }, {}).then((outcome) => {
        for (const { message } of outcome.problems) {
          notifications.show({ color: "danger", title: `${spec.word}: refused`, message, autoClose: 8000 });
        }
      });
    },
    [ask],
  );

  const dialog = open && (
    <Suspense fallback={null}>
      <ActionForm open={open} onClose={() => setOpen(null)} onAsk={(input) => ask(open, input)} />
    </Suspense>
  );
  return { start, asked, dialog, isOpen: open !== null };
}

function openRunAgain({ id, name, flow }: Target): void {
  if (flow)
    openDialog({ kind: "run-again", execution: { id, name, namespace: flow.namespace, flowKey: flow.key } });
}

/** Where to go: to the execution that was started, or away from the one that is gone. */
function addressAfter(spec: ActionSpec, { execution }: Outcome) {
  if (spec.action === "DELETE") return toLastList();
  return spec.startsAnother && execution
    ? ({ to: "/executions/$id", params: { id: execution.id }, search: {} } as const)
    : null;
}
