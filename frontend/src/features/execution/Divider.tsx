import type { KeyboardEvent, PointerEvent } from "react";
import classes from "./ExecutionPage.module.css";
import { EVEN, LEAST, MOST, setPanes, usePanes } from "./panes";

const STEP = 0.02;

/** Between the two panes: dragged, moved with the arrow keys, or put back in the middle by a double click. */
export function Divider() {
  const { share } = usePanes();
  const percent = (part: number) => Math.round(part * 100);

  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const room = event.currentTarget.parentElement!.getBoundingClientRect();
    setPanes({ share: (event.clientX - room.left) / room.width });
  };
  const press = (event: KeyboardEvent) => {
    const moves: Record<string, number> = {
      ArrowLeft: share - STEP,
      ArrowRight: share + STEP,
      Home: LEAST,
      End: MOST,
    };
    const next = moves[event.key];
    if (next === undefined) return;
    event.preventDefault();
    setPanes({ share: next });
  };
  return (
    <div
      role="separator"
      aria-label="Width of the tasks"
      aria-orientation="vertical"
      aria-valuenow={percent(share)}
      aria-valuemin={percent(LEAST)}
      aria-valuemax={percent(MOST)}
      tabIndex={0}
      className={classes.divider}
      title="Drag to resize; double click for equal halves"
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
      onKeyDown={press}
      onDoubleClick={() => setPanes({ share: EVEN })}
    />
  );
}
