/** The selected executions: individual ones, or all that match, loaded or not. */
export type Selection = {
  ids: ReadonlySet<string>;
  all: boolean;
  /** The start of a Shift range. */
  anchor: string | null;
};

export type SelectionAction =
  | { type: "toggled"; id: string; shift: boolean; shown: readonly string[] }
  | { type: "page"; shown: readonly string[] }
  | { type: "all" }
  | { type: "cleared" };

export const NOTHING: Selection = { ids: new Set(), all: false, anchor: null };

export function foldSelection(selection: Selection, action: SelectionAction): Selection {
  switch (action.type) {
    case "toggled":
      return toggled(selection, action);
    case "page": {
      const isFull = selection.all || action.shown.every((id) => selection.ids.has(id));
      return isFull ? NOTHING : { ids: new Set(action.shown), all: false, anchor: null };
    }
    case "all":
      return { ids: new Set(), all: true, anchor: null };
    case "cleared":
      return selection.ids.size || selection.all ? NOTHING : selection;
  }
}

type Toggled = Extract<SelectionAction, { type: "toggled" }>;

/** With Shift selects the range from the anchor, else toggles one; after "all that match", the other loaded ones stay selected. */
function toggled(selection: Selection, { id, shift, shown }: Toggled): Selection {
  const ids = new Set(selection.all ? shown : selection.ids);
  const wanted = !ids.has(id);
  const from = shift && selection.anchor ? shown.indexOf(selection.anchor) : -1;
  const to = shown.indexOf(id);
  const range = from < 0 || to < 0 ? [id] : shown.slice(Math.min(from, to), Math.max(from, to) + 1);
  const isAdding = wanted || range.length > 1;
  for (const one of range) {
    if (isAdding) ids.add(one);
    else ids.delete(one);
  }
  return { ids, all: false, anchor: id };
}

export function isEmpty(selection: Selection): boolean {
  return !selection.all && selection.ids.size === 0;
}

export function isPicked(selection: Selection, id: string): boolean {
  return selection.all || selection.ids.has(id);
}

export const FEWEST = 2;
export const MOST = 5;

/** Why the selection cannot be compared; null when it can. */
export function whyNotCompared({ ids, all }: Selection): string | null {
  if (all) return `Select ${FEWEST} to ${MOST} individual executions to compare them.`;
  if (ids.size < FEWEST) return `Select ${FEWEST - ids.size} more: ${FEWEST} to ${MOST} can be compared.`;
  if (ids.size > MOST) return `At most ${MOST} can be compared; ${ids.size} are selected.`;
  return null;
}

/** The most ids in the URL of an export, about 6 KB, which proxies accept. */
export const MOST_EXPORTED = 150;

/** Why the selection cannot be exported; null when it can. "All that match" is exported by its filter, not by ids. */
export function whyNotExported({ ids, all }: Selection): string | null {
  if (all || ids.size <= MOST_EXPORTED) return null;
  return `At most ${MOST_EXPORTED} selected executions can be exported; select fewer, or all that match.`;
}
