import type { TaskRunRow } from "@/entities/execution/record";
import { type Range, zoomedRange } from "@/shared/axis/scale";
import { useKeys } from "@/shared/lib/keys";
import { extentOf } from "./segments";

type Zoom = {
  range: Range;
  whole: Range;
  /** The task run to look at; without one it is the middle of what is shown. */
  around: TaskRunRow | undefined;
  onZoom: (range: Range | null) => void;
};

const CLOSER = 0.5;
const WIDER = 2;

/** Looks at a shorter or a longer time by keys, as a drag over the axis does. */
export function useZoomKeys({ range, whole, around, onZoom }: Zoom): void {
  const zoom = (factor: number) => () => {
    onZoom(zoomedRange(range, whole, middleOf(around) ?? (range.from + range.to) / 2, factor));
  };
  useKeys("Time axis", [
    { key: ["+", "="], words: "closer to the selected task", run: zoom(CLOSER) },
    { key: "-", words: "wider", run: zoom(WIDER) },
    { key: "0", words: "the whole time", run: () => onZoom(null) },
  ]);
}

/** Where its bar is, in milliseconds; of what lasts, its start. */
function middleOf(task: TaskRunRow | undefined): number | undefined {
  const extent = task && extentOf(task);
  return extent && (extent.from + (extent.to ?? extent.from)) / 2;
}
