const NO_TEXT = new Set(["checkbox", "radio"]);

/** True where typing means text: keys are then the field's, not the page's. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement && NO_TEXT.has(target.type)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

/** Space and Enter belong to the button, link or box that has the focus. */
function isOfControl(event: KeyboardEvent): boolean {
  if (event.key !== " " && event.key !== "Enter") return false;
  return (
    event.target instanceof Element &&
    event.target.closest("a, button, input, summary, [tabindex='0']") !== null
  );
}

/** The page's keys never take a combination that belongs to the browser, nor one inside a dialog. */
export function isPageKey(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.target instanceof HTMLElement && event.target.closest("[role=dialog], [role=menu]")) return false;
  return !isTyping(event.target) && !isOfControl(event);
}
