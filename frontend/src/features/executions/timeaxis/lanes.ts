import { type Range, rangeOf, roundStep, type Stretch } from "@/shared/axis/scale";
import { isEnded } from "@/shared/ui/stateTokens";
import type { Row } from "../rows/rows";

/** An execution on the axis, from its start; one that has not started, from its creation. */
export type Bar = Stretch & { row: Row };

/** One line of a flow's bars, which do not touch. */
export type Track = {
  key: string;
  flow: Flow;
  bars: readonly Bar[];
  isFirst: boolean;
  isLast: boolean;
  /** Whether the flow has so many tracks that each is low. */
  isDense: boolean;
};

/** The most tracks of a flow with full height. */
const ROOMY = 8;

export type Flow = { namespace: string; key: string; count: number; failed: number; isAmbiguous: boolean };

export function barOf(row: Row): Bar {
  const end = row.endedAt ?? row.idleSince;
  return {
    row,
    from: Date.parse(row.startedAt ?? row.createdAt),
    to: end ? Date.parse(end) : isEnded(row.state) ? Date.parse(row.startedAt ?? row.createdAt) : null,
  };
}

/** Flows in the order in which the list first names them, each with as many tracks as ran in parallel. `gap` in milliseconds. */
export function tracksOf(rows: readonly Row[], gap: number): Track[] {
  const flows = new Map<string, Bar[]>();
  for (const row of rows) {
    const name = `${row.namespace}/${row.flowKey}`;
    const bars = flows.get(name);
    if (bars) bars.push(barOf(row));
    else flows.set(name, [barOf(row)]);
  }
  const keys = [...flows.values()].map(([bar]) => bar!.row.flowKey);
  return [...flows].flatMap(([name, bars]) => {
    const { namespace, flowKey } = bars[0]!.row;
    const flow = {
      namespace,
      key: flowKey,
      count: bars.length,
      failed: bars.filter(({ row }) => row.failure).length,
      isAmbiguous: keys.filter((key) => key === flowKey).length > 1,
    };
    const packed = pack(bars, gap);
    return packed.map((track, at) => ({
      key: `${name} ${at}`,
      flow,
      bars: track,
      isFirst: at === 0,
      isLast: at === packed.length - 1,
      isDense: packed.length > ROOMY,
    }));
  });
}

/** Puts each bar into the first track in which the previous one has ended: later bars do not change its place. */
function pack(bars: readonly Bar[], gap: number): Bar[][] {
  const tracks: { bars: Bar[]; until: number }[] = [];
  for (const bar of [...bars].sort((one, other) => one.from - other.from)) {
    const until = Math.max(bar.to ?? Number.POSITIVE_INFINITY, bar.from + gap) + gap;
    const free = tracks.find((track) => track.until <= bar.from);
    if (!free) tracks.push({ bars: [bar], until });
    else {
      free.bars.push(bar);
      free.until = until;
    }
  }
  return tracks.map((track) => track.bars);
}

/** Reserve for the future: between one and two of this many parts. */
const PARTS = 24;

/** From the first bar to the last; while one runs, to a little after now, in steps, so that the axis changes rarely. */
export function axisOf(rows: readonly Row[], now: number): Range & { lasts: boolean } {
  const bars = rows.map(barOf);
  const from = Math.min(...bars.map((bar) => bar.from));
  const lasts = bars.some(({ to }) => to === null);
  if (!lasts) return { ...rangeOf(from, Math.max(...bars.map(({ to }) => to!))), lasts };
  const step = roundStep((now - from) / PARTS);
  return { from, to: (Math.floor(now / step) + 2) * step, lasts };
}

export type Place = { track: number; at: number };

export function placeOf(tracks: readonly Track[], id: string | null): Place | null {
  if (!id) return null;
  for (const [track, { bars }] of tracks.entries()) {
    const at = bars.findIndex(({ row }) => row.id === id);
    if (at >= 0) return { track, at };
  }
  return null;
}

/** The bar that a key moves to: along its track, or the nearest in time on the next one. Null for other keys. */
export function barByKey(tracks: readonly Track[], { track, at }: Place, key: string): Bar | null {
  const { bars } = tracks[track]!;
  const here = bars[at]!;
  const nearest = (step: number) => {
    const others = tracks[track + step]?.bars ?? [here];
    const far = (bar: Bar) => Math.abs(bar.from - here.from);
    return others.reduce((best, bar) => (far(bar) < far(best) ? bar : best));
  };
  switch (key) {
    case "ArrowRight":
      return bars[at + 1] ?? here;
    case "ArrowLeft":
      return bars[at - 1] ?? here;
    case "Home":
      return bars[0]!;
    case "End":
      return bars.at(-1)!;
    case "ArrowDown":
      return nearest(1);
    case "ArrowUp":
      return nearest(-1);
    default:
      return null;
  }
}
