import type { TaskRunRow } from "@/entities/execution/record";
import { levelAbove } from "@/entities/taskRun/levels";
import { useKeys } from "@/shared/lib/keys";

import type { Selection } from "./useSelection";

/** Esc: back to now, then from the attempt to its task, from an iteration to its foreach, then to the whole execution. */
export function useUpKey(selection: Selection, taskRun: TaskRunRow | undefined): void {
  useKeys("Selection", [
    {
      key: "Escape",
      words: "one level up, then the whole execution",
      run: () => {
        const above = levelAbove(selection, taskRun?.key);
        if (above) selection.select(above);
      },
    },
  ]);
}
