import { useState } from "react";
import { useClient } from "urql";
import type { LineRange } from "../address/lineRange";
import type { Choice } from "../choice";
import type { Groups } from "../store/sources";
import { readerOf } from "../store/useLog";
import { copiedWords, lastLines, linesOf, textOf } from "./copying";

/** Copies the selected lines, else all lines of the filter, and shows what was copied. */
export function useCopy(choice: Choice, range: LineRange | null, groups: Groups | null) {
  const client = useClient();
  const key = JSON.stringify([choice, range]);
  const [said, setSaid] = useState({ key, words: "" });
  const copy = async () => {
    setSaid({ key, words: "Copying…" });
    const read = readerOf(client, choice, async (query) => (await query()).data);
    const found = range ? await linesOf(read, range) : await lastLines(read);
    if (!found) return setSaid({ key, words: "Nothing was copied: the log could not be read." });
    const lines = groups
      ? found.lines.toSorted(
          (one, other) => groups.placeOf(one) - groups.placeOf(other) || one.line - other.line,
        )
      : found.lines;
    try {
      await navigator.clipboard.writeText(textOf(lines));
      setSaid({ key, words: copiedWords(found, range ? "first" : "last") });
    } catch {
      setSaid({ key, words: "Nothing was copied: the browser does not allow it here." });
    }
  };
  return { copy, said: said.key === key ? said.words : "" };
}
