import { useReducer, useState } from "react";
import { type Search, searchOf } from "../address";
import type { BulkAction } from "../bulk/bulk";
import { foldSelection, NOTHING } from "./selection";

/** The selection and the open bulk action. Both belong to the current filter and are cleared when it changes. */
export function usePicked(search: Search) {
  const [selection, select] = useReducer(foldSelection, NOTHING);
  const [bulk, setBulk] = useState<BulkAction | null>(null);
  const filter = JSON.stringify([searchOf(search), search.waiting]);
  const [pickedUnder, setPickedUnder] = useState(filter);
  if (pickedUnder !== filter) {
    setPickedUnder(filter);
    select({ type: "cleared" });
    setBulk(null);
  }
  return { selection, select, bulk, setBulk };
}
