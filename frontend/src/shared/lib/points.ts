export type Point = readonly [x: number, y: number];

/** Each point as the sum of its value and of all before it: how a counter rises. */
export function runningSum(points: readonly Point[]): Point[] {
  let sum = 0;
  return points.map(([x, value]) => {
    sum += value;
    return [x, sum];
  });
}
