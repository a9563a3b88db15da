/** True where typing means text: keys are then the field's, not the page's. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

/** The page's keys never take a combination that belongs to the browser, nor one inside a dialog. */
export function isPageKey(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.target instanceof HTMLElement && event.target.closest("[role=dialog], [role=menu]")) return false;
  return !isTyping(event.target);
}
