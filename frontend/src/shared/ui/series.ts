/** Letter, colour and dash of each compared item, so that they are distinguishable without colour. */
export type SeriesStyle = { letter: string; colour: string; dash: readonly number[] };

export const SERIES: readonly SeriesStyle[] = [
  { letter: "A", colour: "--hw-s1", dash: [] },
  { letter: "B", colour: "--hw-s2", dash: [6, 3] },
  { letter: "C", colour: "--hw-s3", dash: [2, 3] },
  { letter: "D", colour: "--hw-s4", dash: [8, 3, 2, 3] },
  { letter: "E", colour: "--hw-s5", dash: [1, 2] },
];

export function seriesStyle(at: number): SeriesStyle {
  return SERIES[at % SERIES.length]!;
}
