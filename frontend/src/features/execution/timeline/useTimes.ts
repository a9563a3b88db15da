import { type RefObject, useMemo } from "react";
import type { ExecutionRecord } from "@/entities/execution/record";
import { percentOf, type Range } from "@/shared/axis/scale";
import { useNowLine } from "@/shared/axis/useNowLine";
import { useLink } from "@/shared/graphql/link";
import { isEnded } from "@/shared/ui/stateTokens";
import type { RowView } from "./TimelineRow";
import { useAxis } from "./useAxis";
import { useUsual, usualEnd } from "./useUsual";

type Asked = { at: number | undefined; zoom: Range | null; width: number };

/** The width of a few words beside the now line, in pixels. */
const NOTE = 110;
const nothing = () => {};

/** The times that are shown, and the clock that moves `--now` on the pane. */
export function useTimes(
  record: ExecutionRecord,
  pane: RefObject<HTMLElement | null>,
  { at, zoom, width }: Asked,
) {
  const { phase } = useLink();
  const usual = useUsual(record.head.id);
  const expected = useMemo(() => usualEnd(record, usual), [record, usual]);
  const { whole, now, ticking, onStep } = useAxis(record, at, expected);
  const range = zoom ?? whole;
  const follows = ticking && phase === "live";
  useNowLine(pane, range, { now, ticking: follows, width, onStep: zoom ? nothing : onStep });

  const over = isEnded(record.head.state);
  const moment = at === undefined ? null : now;
  const after = now === null ? 0 : (1 - percentOf(now, range) / 100) * width;
  const room = after < NOTE ? "before" : "after";
  const view = useMemo<RowView>(
    () => ({ range, over, moment, usual, room }),
    [range, over, moment, usual, room],
  );
  return { range, whole, ticking, view };
}
