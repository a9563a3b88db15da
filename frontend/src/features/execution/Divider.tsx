import type { KeyboardEvent, PointerEvent } from "react";
import classes from "./ExecutionPage.module.css";
import { LEAST, MOST, type PaneView, setPanes, USUAL, usePanes } from "./panes";

const STEP = 0.02;

/** The divider of the two panes: dragged, moved with the arrow keys, or reset by a double click. */
export function Divider({ view }: { view: PaneView }) {
  const share = usePanes()[view];
  const divide = (part: number) => setPanes({ [view]: part });
  const percent = (part: number) => Math.round(part * 100);

  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const room = event.currentTarget.parentElement!.getBoundingClientRect();
    divide((event.clientX - room.left) / room.width);
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
    divide(next);
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
      title="Drag to resize; double click to reset"
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
      onKeyDown={press}
      onDoubleClick={() => divide(USUAL[view])}
    />
  );
}
