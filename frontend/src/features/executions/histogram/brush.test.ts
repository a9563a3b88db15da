import { expect, it } from "vitest";
import { type Brush, NO_BRUSH, stretchOf, stroke } from "./brush";

const press = (brush: Brush, ...keys: string[]) =>
  keys.reduce((before, key) => {
    const shiftKey = key.startsWith("+");
    return stroke(before, { key: key.replace("+", ""), shiftKey }, 10)!.brush;
  }, brush);

it("moves from bar to bar and stops at the ends", () => {
  expect(press(NO_BRUSH, "ArrowLeft").at).toBe(9);
  expect(press(NO_BRUSH, "ArrowRight", "ArrowLeft").at).toBe(0);
  expect(press(NO_BRUSH, "End", "ArrowRight").at).toBe(9);
});
it("selects a range with Shift, in either direction", () => {
  const drawn = press(NO_BRUSH, "End", "+ArrowLeft", "+ArrowLeft");
  expect(stretchOf(drawn)).toEqual([7, 9]);
  expect(stretchOf(press(drawn, "ArrowLeft"))).toBeNull();
});
it("applies with Enter, and undoes step by step with Escape", () => {
  expect(stroke(NO_BRUSH, { key: "Enter", shiftKey: false }, 10)).toBeNull();
  expect(stroke({ at: 3, from: null }, { key: "Enter", shiftKey: false }, 10)?.done).toBe("pick");
  expect(stroke({ at: 3, from: 1 }, { key: "Escape", shiftKey: false }, 10)).toEqual({
    brush: { at: 3, from: null },
    done: null,
  });
  expect(stroke(NO_BRUSH, { key: "Escape", shiftKey: false }, 10)?.done).toBe("reset");
  expect(stroke(NO_BRUSH, { key: "a", shiftKey: false }, 10)).toBeNull();
});
