import { useEffect, useEffectEvent, useRef, useState } from "react";
import type { Seen } from "../lines/view";
import { nearest, placeOf, stepped } from "./matches";
import type { Matches } from "./useMatches";

type Steps = {
  /** The search of the URL. */
  find: string;
  matches: Matches;
  errors: readonly number[];
  /** The initial line, for example the one that caused the failure. */
  initial: number | null;
  /** Whether the log opens at a line of the URL: a search in the same URL then does not scroll. */
  placed: boolean;
  seen: () => Seen;
  go: (line: number) => void;
};

/** Steps through the matches and through errors, from the last step, or from the visible lines. */
export function useSteps({ find, matches, errors, initial, placed, seen, go }: Steps) {
  const [current, setCurrent] = useState<number | null>(initial);
  const jump = useRef(find !== "" && initial === null && !placed);
  const shown = useRef(find);

  const to = (line: number | undefined) => {
    if (line === undefined) return;
    setCurrent(line);
    go(line);
  };
  const from = (step: 1 | -1) => {
    const { top, bottom } = seen();
    if (current !== null && current >= top && current <= bottom) return current;
    return step > 0 ? top - 1 : bottom + 1;
  };

  const found = useEffectEvent(() => {
    if (shown.current !== find) jump.current = find !== "";
    shown.current = find;
    if (!jump.current) return;
    const { top } = seen();
    const isAhead = (matches.lines.at(-1) ?? Number.NEGATIVE_INFINITY) >= top;
    if (!isAhead && !matches.complete && !matches.stopped) return;
    jump.current = false;
    to(nearest(matches.lines, top));
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls to the first match
  useEffect(() => found(), [find, matches.lines, matches.complete]);

  return {
    current,
    goTo: (line: number) => to(line),
    errorPlace: placeOf(errors, current),
    stepMatch: (step: 1 | -1) => to(stepped(matches.lines, from(step), step)),
    stepError: (step: 1 | -1) => to(stepped(errors, from(step), step)),
  };
}
