export type Point = readonly [x: number, y: number];

/** The running sum of the values: the curve of a counter. */
export function runningSum(points: readonly Point[]): Point[] {
  let sum = 0;
  return points.map(([x, value]) => {
    sum += value;
    return [x, sum];
  });
}
