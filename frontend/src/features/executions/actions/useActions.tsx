import { notifications } from "@mantine/notifications";
import { type ReactNode, useCallback, useRef, useState } from "react";
import { useClient } from "urql";
import { ConfirmDialog } from "./ConfirmDialog";
import { type Label, LabelsDialog } from "./LabelsDialog";
import { type Outcome, perform } from "./perform";
import type { ActedOn, ActionSpec } from "./registry";

export type Target = { id: string; name: string; labels: readonly Label[] };
type Open = { spec: ActionSpec; target: Target };

export type Actions = {
  start: (spec: ActionSpec, target: Target) => void;
  /** What was asked of an execution and is not answered yet. */
  asked: { id: string; word: string } | null;
  dialog: ReactNode;
  isOpen: boolean;
};

const SHOW_ASKED_AFTER = 80;

/** The one way from a button, a menu or a key to a mutation: question, asking, answer. */
export function useActions(onAnswered?: (execution: ActedOn) => void): Actions {
  const client = useClient();
  const [open, setOpen] = useState<Open | null>(null);
  const [asked, setAsked] = useState<Actions["asked"]>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  const ask = useCallback(
    async ({ spec, target }: Open, input: Record<string, unknown>): Promise<Outcome> => {
      const word = spec.asked;
      if (word)
        timer.current = setTimeout(() => setAsked({ id: target.id, word: `${word}…` }), SHOW_ASKED_AFTER);
      const outcome = await perform(client, spec, { id: target.id, ...input });
      clearTimeout(timer.current);
      setAsked(null);
      if (outcome.execution) onAnswered?.(outcome.execution);
      return outcome;
    },
    [client, onAnswered],
  );

  const start = useCallback(
    (spec: ActionSpec, target: Target) => {
      if (spec.form !== "none") return setOpen({ spec, target });
      void ask({ spec, target }, {}).then((outcome) => {
        for (const { message } of outcome.problems) {
          notifications.show({ color: "danger", title: `${spec.word}: refused`, message, autoClose: 8000 });
        }
      });
    },
    [ask],
  );

  const close = () => setOpen(null);
  const form =
    open &&
    (open.spec.form === "labels" ? (
      <LabelsDialog target={open.target} onClose={close} onSave={(input) => ask(open, input)} />
    ) : (
      <ConfirmDialog
        spec={open.spec}
        target={open.target}
        onClose={close}
        onConfirm={(input) => ask(open, input)}
      />
    ));
  return { start, asked, dialog: form, isOpen: open !== null };
}
