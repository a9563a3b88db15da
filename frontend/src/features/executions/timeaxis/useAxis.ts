import { useCallback, useMemo, useState } from "react";
import type { Range } from "@/shared/axis/scale";
import type { Row } from "../rows/rows";
import { axisOf } from "./lanes";

type Axis = {
  range: Range;
  /** The end of running bars; null when none runs. */
  now: number | null;
  ticking: boolean;
  onStep: () => void;
};

/** The axis of the rows. It grows when running bars reach its end, and does not change while the page is not live. */
export function useAxis(rows: readonly Row[], isLive: boolean): Axis {
  const [until, setUntil] = useState(0);
  const axis = useMemo(() => axisOf(rows, Math.max(Date.now(), until)), [rows, until]);
  const { from, to, lasts } = axis;
  const range = useMemo(() => ({ from, to }), [from, to]);
  const onStep = useCallback(() => {
    if (axisOf(rows, Date.now()).to > to) setUntil(Date.now());
  }, [rows, to]);
  const now = useMemo(() => (lasts ? Date.now() : null), [lasts]);
  return { range, now, ticking: lasts && isLive, onStep };
}
