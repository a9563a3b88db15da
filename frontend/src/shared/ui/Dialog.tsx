import { Modal, type ModalProps } from "@mantine/core";
import { useCallback } from "react";
import { SignedOut } from "./SignedOut";

type Props = Omit<ModalProps, "opened">;

/** The frame of every dialog. Whoever opens it can write at once: the first field has the focus as soon as it is there. */
export function Dialog({ children, ...props }: Props) {
  const body = useCallback((element: HTMLElement | null) => (element ? focusFirst(element) : undefined), []);
  return (
    <Modal opened {...props}>
      <SignedOut inDialog />
      <div ref={body}>{children}</div>
    </Modal>
  );
}

/** What is written into or chosen from; a switch acts at once and is not for a key that somebody presses to scroll. */
const FIELDS = "input:not([type='hidden'], [type='file'], [role='switch']), textarea, select, [data-field]";
/** What the frame of the dialog focuses when it opens; without one it takes its close button. */
const FIRST = "data-autofocus";

/** Gives the focus to the first field, which may come late, unless somebody has put it into the dialog meanwhile. */
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

/** What is filled in already, as the flow of a dialog that was opened for it, needs no first look. */
function isAnswered(field: HTMLElement): boolean {
  return field.closest("[data-answered]") !== null;
}
