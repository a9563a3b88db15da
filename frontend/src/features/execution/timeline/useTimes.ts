import { type RefObject, useMemo } from "react";
import type { ExecutionRecord } from "@/entities/execution/record";
import { percentOf, type Range } from "@/shared/axis/scale";
import { useNowLine } from "@/shared/axis/useNowLine";
import { useLink } from "@/shared/graphql/link";
import { isEnded } from "@/shared/ui/stateTokens";
import type { TrackView } from "./Track";
import { useAxis } from "./useAxis";
import { useUsual, usualEnd } from "./useUsual";

type Viewport = { zoom: Range | null; width: number };

/** The width reserved for a few words next to the now line, in pixels. */
const NOTE = 110;
const nothing = () => {};

/** The shown time range, and the clock that moves `--now` on the pane. */
export function useTimes(
  record: ExecutionRecord,
  pane: RefObject<HTMLElement | null>,
  { zoom, width }: Viewport,
) {
  const { phase } = useLink();
  const usual = useUsual(record.head.id);
  const expected = useMemo(() => usualEnd(record, usual), [record, usual]);
  const { whole, now, ticking, onStep } = useAxis(record, expected);
  const range = zoom ?? whole;
  const follows = ticking && phase === "live";
  useNowLine(pane, range, { now, ticking: follows, width, onStep: zoom ? nothing : onStep });

  const over = isEnded(record.head.state);
  const after = now === null ? 0 : (1 - percentOf(now, range) / 100) * width;
  const room = after < NOTE ? "before" : "after";
  const view = useMemo<TrackView>(() => ({ range, over, usual, room }), [range, over, usual, room]);
  return { range, whole, ticking, view };
}
