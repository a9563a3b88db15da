import { memo, useMemo } from "react";
import type { Range } from "@/shared/axis/scale";
import { type Event, marksOf, strokes } from "./marks";
import classes from "./Scrubber.module.css";

type Props = { events: readonly Event[]; range: Range; width: number };

const HEIGHT = 24;

export const Ticks = memo(function Ticks({ events, range, width }: Props) {
  const { plain, bad, ask } = useMemo(() => marksOf(events, range, width), [events, range, width]);
  return (
    <svg className={classes.ticks} width={width} height={HEIGHT} aria-hidden="true">
      <path className={classes.plain} d={strokes(plain, 8, 8)} />
      <path className={classes.ask} d={strokes(ask, 5, 14)} />
      <path className={classes.bad} d={strokes(bad, 5, 14)} />
    </svg>
  );
});
