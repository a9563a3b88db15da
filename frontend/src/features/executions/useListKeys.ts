import { useKeys } from "@/shared/lib/keys";

type Keys = {
  ids: readonly string[];
  current: string | null;
  previewed: boolean;
  onCurrent: (id: string | null) => void;
  onPick: (id: string, shift: boolean) => void;
  onPreview: (shown: boolean) => void;
  onOpen: (id: string) => void;
  onClear: () => void;
};

/** Keys: j and k move, x selects, Space previews, Enter opens, Escape undoes one of these at a time. */
export function useListKeys({
  ids,
  current,
  previewed,
  onCurrent,
  onPick,
  onPreview,
  onOpen,
  onClear,
}: Keys): void {
  const move = (step: number) => {
    // Else Space and Enter would still apply to the box that was clicked last.
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    const at = current ? ids.indexOf(current) : -1;
    onCurrent(ids[Math.max(0, Math.min(ids.length - 1, at + step))] ?? null);
  };
  const letGo = () => {
    if (previewed) return onPreview(false);
    if (current) return onCurrent(null);
    onClear();
  };
  useKeys("Executions", [
    { key: "j", words: "next row", run: () => move(1) },
    { key: "k", words: "row before", run: () => move(-1) },
    { key: "x", words: "select the row", run: () => current && onPick(current, false) },
    { key: "X", words: "select up to the row", run: () => current && onPick(current, true) },
    {
      key: " ",
      words: "preview the row",
      run: () => {
        if (!current) move(1);
        onPreview(!previewed);
      },
    },
    { key: "Enter", words: "open the row", run: () => current && onOpen(current) },
    { key: "Escape", words: "close the preview or clear the selection", run: letGo },
  ]);
}
