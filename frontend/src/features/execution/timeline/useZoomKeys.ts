import type { TaskRunRow } from "@/entities/execution/record";
import { type Range, zoomedRange } from "@/shared/axis/scale";
import { useKeys } from "@/shared/lib/keys";
import { extentOf } from "./segments";

type Zoom = {
  range: Range;
  whole: Range;
  /** The task run to zoom to; without one, the middle of the shown range. */
  around: TaskRunRow | undefined;
  onZoom: (range: Range | null) => void;
};

const CLOSER = 0.5;
const WIDER = 2;

/** Zooms in and out by keys, as a drag over the axis does. */
export function useZoomKeys({ range, whole, around, onZoom }: Zoom): void {
  const zoom = (factor: number) => () => {
    onZoom(zoomedRange(range, whole, middleOf(around) ?? (range.from + range.to) / 2, factor));
  };
  useKeys("Time axis", [
    { key: ["+", "="], words: "zoom in on the selected task", run: zoom(CLOSER) },
    { key: "-", words: "zoom out", run: zoom(WIDER) },
    { key: "0", words: "show the whole time", run: () => onZoom(null) },
  ]);
}

/** The middle of its bar, in milliseconds; for a running one, its start. */
function middleOf(task: TaskRunRow | undefined): number | undefined {
  const extent = task && extentOf(task);
  return extent && (extent.from + (extent.to ?? extent.from)) / 2;
}
