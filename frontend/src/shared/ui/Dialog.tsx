import { Modal, type ModalProps } from "@mantine/core";
import { useCallback } from "react";
import { SignedOut } from "./SignedOut";

type Props = Omit<ModalProps, "opened">;

/** The frame of every dialog. The first field gets the focus as soon as it is rendered. */
export function Dialog({ children, ...props }: Props) {
  const body = useCallback((element: HTMLElement | null) => (element ? focusFirst(element) : undefined), []);
  return (
    <Modal opened {...props}>
      <SignedOut inDialog />
      <div ref={body}>{children}</div>
    </Modal>
  );
}

/** Fields to type into or choose from; not switches, which act at once and must not react to a scroll key. */
const FIELDS = "input:not([type='hidden'], [type='file'], [role='switch']), textarea, select, [data-field]";
/** The element that the dialog's frame focuses when it opens; by default its close button. */
const FIRST = "data-autofocus";

/** Focuses the first field, which may appear late, unless the user has moved the focus into the dialog meanwhile. */
function focusFirst(body: HTMLElement): () => void {
  const look = () => {
    if (body.contains(document.activeElement)) return observer.disconnect();
    const field = firstField(body);
    if (!field) return;
    observer.disconnect();
    field.setAttribute(FIRST, "");
    field.focus({ preventScroll: true });
  };
  const observer = new MutationObserver(look);
  observer.observe(body, { childList: true, subtree: true });
  look();
  return () => observer.disconnect();
}

function firstField(body: HTMLElement): HTMLElement | undefined {
  const chosen = body.querySelector<HTMLElement>(`[${FIRST}]`);
  if (chosen) return chosen;
  const fields = [...body.querySelectorAll<HTMLInputElement>(FIELDS)].filter(
    (field) => !field.disabled && field.tabIndex >= 0 && !isAnswered(field),
  );
  return fields.find((field) => field.type !== "radio" || field.checked) ?? fields[0];
}

/** Skips fields that are filled in already, as the flow of a dialog that was opened for it. */
function isAnswered(field: HTMLElement): boolean {
  return field.closest("[data-answered]") !== null;
}
