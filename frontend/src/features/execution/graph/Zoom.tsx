import { IconFocus2, IconZoomIn, IconZoomOut } from "@tabler/icons-react";
import { useReactFlow, useViewport } from "@xyflow/react";
import { useKeys } from "@/shared/lib/keys";
import { FIT } from "./arrival";

export function Zoom() {
  const { zoomIn, zoomOut, zoomTo, fitView } = useReactFlow();
  const { zoom } = useViewport();
  useKeys("Graph", [
    { key: ["+", "="], words: "larger", run: () => void zoomIn() },
    { key: "-", words: "smaller", run: () => void zoomOut() },
    { key: "0", words: "the whole graph", run: () => void fitView(FIT) },
  ]);
  return (
    <>
      <button type="button" aria-label="Smaller" title="Smaller" onClick={() => void zoomOut()}>
        <IconZoomOut size={16} stroke={1.75} />
      </button>
      <button type="button" title="Full size" onClick={() => void zoomTo(1)}>
        {Math.round(zoom * 100)} %
      </button>
      <button type="button" aria-label="Larger" title="Larger" onClick={() => void zoomIn()}>
        <IconZoomIn size={16} stroke={1.75} />
      </button>
      <button type="button" aria-label="Fit" title="Fit" onClick={() => void fitView(FIT)}>
        <IconFocus2 size={16} stroke={1.75} />
      </button>
    </>
  );
}
