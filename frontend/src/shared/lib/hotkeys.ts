const NO_TEXT = new Set(["checkbox", "radio"]);

/** Whether the focus is in a text field, which then receives the keys. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement && NO_TEXT.has(target.type)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

/** Whether a key (Space, Enter) belongs to the button, link or box that has the focus. */
function isOfControl(event: KeyboardEvent): boolean {
  if (event.key !== " " && event.key !== "Enter") return false;
  return (
    event.target instanceof Element &&
    event.target.closest("a, button, input, summary, [tabindex='0']") !== null
  );
}

/** Whether the page handles a key: never the browser's key combinations, nor keys inside a dialog. */
export function isPageKey(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.target instanceof HTMLElement && event.target.closest("[role=dialog], [role=menu]")) return false;
  return !isTyping(event.target) && !isOfControl(event);
}
