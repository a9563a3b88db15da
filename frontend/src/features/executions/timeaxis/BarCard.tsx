import { type FocusEvent, type PointerEvent, useMemo, useState } from "react";
import { formatDuration } from "@/shared/lib/duration";
import { Duration } from "@/shared/ui/Duration";
import { StateBadge } from "@/shared/ui/StateBadge";
import { Time } from "@/shared/ui/Time";
import type { Row } from "../rows/rows";
import classes from "./TimeAxis.module.css";

type Shown = { id: string; x: number; y: number };
type Props = { x: number; y: number; row: Row | undefined; live: boolean };

/** The bar under the pointer or with the focus, and the position of its card in pixels of the window. */
export function useBarCard() {
  const [shown, setShown] = useState<Shown | null>(null);
  const events = useMemo(() => {
    const look = (target: EventTarget, x?: number) => {
      const bar = target instanceof Element ? target.closest<HTMLElement>("[data-execution]") : null;
      if (!bar) return setShown(null);
      const { left, right, bottom } = bar.getBoundingClientRect();
      const at = x ?? (left + right) / 2;
      setShown({ id: bar.dataset.execution!, x: at, y: bottom });
    };
    return {
      onPointerOver: (event: PointerEvent) => look(event.target, event.clientX),
      onPointerLeave: () => setShown(null),
      onFocus: (event: FocusEvent) => look(event.target),
      onBlur: () => setShown(null),
    };
  }, []);
  return { shown, events };
}

const WIDTH = 280;
const HEIGHT = 130;
const APART = 8;

/** The facts of a bar, next to it. Screen readers get them from the bar's own name. */
export function BarCard({ x, y, row, live }: Props) {
  if (!row) return null;
  const left = Math.max(APART, Math.min(window.innerWidth - WIDTH - APART, x - WIDTH / 2));
  const isLow = y + HEIGHT > window.innerHeight;
  const top = isLow ? undefined : y + APART;
  const bottom = isLow ? window.innerHeight - y + 24 : undefined;
  return (
    <div className={classes.card} style={{ left, top, bottom, width: WIDTH }} aria-hidden="true">
      <strong className="hw-cut">{row.name}</strong>
      <span className={classes.facts}>
        <StateBadge state={row.state} plain />
        <Duration
          startedAt={row.startedAt}
          endedAt={row.endedAt ?? row.idleSince}
          idle={row.idle}
          follow={live}
        />
        <Time at={row.startedAt ?? row.createdAt} />
      </span>
      {row.idle > 0 && <span>{formatDuration(row.idle)} between its end and a restart</span>}
      {row.failure && (
        <span className={classes.cause}>
          {row.failure.taskRun && <b>{row.failure.taskRun.key}: </b>}
          {row.failure.message}
        </span>
      )}
    </div>
  );
}
