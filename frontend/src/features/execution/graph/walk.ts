import type { Layout } from "./layout";
import type { Shape } from "./shape";

export type Direction = "left" | "right" | "up" | "down";

/** The node that an arrow key moves to: along an edge to the left or right, else the nearest one above or below. */
export function walk(shape: Shape, layout: Layout, from: string, direction: Direction): string | undefined {
  const here = layout.get(from);
  if (!here) return shape.nodes[0]?.id;
  const centre = (key: string) => {
    const { x, y, width, height } = layout.get(key)!;
    return { x: x + width / 2, y: y + height / 2 };
  };
  const at = centre(from);
  const best = (keys: readonly string[], cost: (key: string) => number) =>
    keys.reduce<string | undefined>(
      (found, key) => (found === undefined || cost(key) < cost(found) ? key : found),
      undefined,
    );
  if (direction === "right" || direction === "left") {
    const along = shape.edges.flatMap(({ from: need, to }) => {
      if (direction === "right") return need === from ? [to] : [];
      return to === from ? [need] : [];
    });
    return best(along, (key) => Math.abs(centre(key).y - at.y) * 10 + Math.abs(centre(key).x - at.x));
  }
  const sign = direction === "down" ? 1 : -1;
  const others = shape.nodes.map(({ id }) => id).filter((key) => (centre(key).y - at.y) * sign > 1);
  return best(others, (key) => Math.abs(centre(key).x - at.x) * 4 + Math.abs(centre(key).y - at.y));
}
