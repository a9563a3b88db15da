import { describe, expect, it } from "vitest";
import { centred, endOf, HIGHEST, hasDrifted, heightOf, placeAt, ROW, rowsAt, scrolled } from "./window";

const SMALL = { count: 1000, client: 600 };
const HUGE = { count: 10_000_000, client: 600 };
const ROOM = HIGHEST - 600;

describe("a list that fits in a box", () => {
  it("is as high as its rows", () => expect(heightOf(SMALL)).toBe(20_000));
  it("has the position of the box", () => {
    expect(scrolled({ top: 0, scroll: 0 }, 12_345, SMALL)).toEqual({ top: 12_345, scroll: 12_345 });
    expect(placeAt(500, SMALL)).toEqual({ top: 500, scroll: 500 });
  });
  it("renders rows around the visible ones, but none that do not exist", () => {
    expect(rowsAt({ top: 2000, scroll: 2000 }, SMALL, 5)).toEqual({ from: 95, to: 135 });
    expect(rowsAt({ top: 0, scroll: 0 }, SMALL, 5).from).toBe(0);
    expect(rowsAt(endOf(SMALL), SMALL, 5).to).toBe(999);
    expect(rowsAt({ top: 0, scroll: 0 }, { count: 0, client: 600 }, 5)).toEqual({ from: 0, to: -1 });
  });
  it("never drifts", () => expect(hasDrifted({ top: 3, scroll: 3 }, SMALL)).toBe(false));
  it("stays within its ends", () => {
    expect(centred(0, SMALL).top).toBe(0);
    expect(centred(500, SMALL).top).toBe(500 * ROW - 290);
    expect(centred(999, SMALL)).toEqual({ top: 19_400, scroll: 19_400 });
    expect(endOf({ count: 3, client: 600 })).toEqual({ top: 0, scroll: 0 });
  });
});

describe("a list of ten million rows", () => {
  it("is no higher than browsers allow", () => expect(heightOf(HUGE)).toBe(HIGHEST));

  it.each([0, 1, 4_999_999, 9_999_999])("puts row %d on the screen", (row) => {
    const place = centred(row, HUGE);
    const { from, to } = rowsAt(place, HUGE, 0);
    expect(row >= from && row <= to).toBe(true);
    expect(place.scroll).toBeGreaterThanOrEqual(0);
    expect(place.scroll).toBeLessThanOrEqual(ROOM);
  });

  it("begins and ends with the box", () => {
    expect(placeAt(0, HUGE)).toEqual({ top: 0, scroll: 0 });
    expect(endOf(HUGE).scroll).toBeCloseTo(ROOM);
    expect(rowsAt(endOf(HUGE), HUGE, 0).to).toBe(9_999_999);
  });

  it("moves by as many pixels as the wheel", () => {
    const before = centred(5_000_000, HUGE);
    const after = scrolled(before, before.scroll + 120, HUGE);
    expect(after.top - before.top).toBeCloseTo(120);
  });

  it("jumps to the same fraction of the list when the scroll bar is dragged", () => {
    const half = scrolled({ top: 0, scroll: 0 }, ROOM / 2, HUGE);
    expect(half.top / (HUGE.count * ROW)).toBeCloseTo(0.5, 3);
  });

  it.each([
    ["end", 1, placeAt(199_800_000, HUGE), HUGE.count * ROW - 600],
    ["beginning", -1, placeAt(190_000, HUGE), 0],
  ])("reaches its %s by wheel only, however far the box has drifted", (_, direction, start, top) => {
    let place = start;
    for (let turn = 0; turn < 2000; turn += 1) {
      place = scrolled(place, Math.min(ROOM, Math.max(0, place.scroll + direction * 120)), HUGE);
      place = hasDrifted(place, HUGE) ? placeAt(place.top, HUGE) : place;
    }
    expect(place.top).toBeCloseTo(top);
  });

  it("moves evenly: no position is skipped or shown twice", () => {
    let last = -1;
    for (let scroll = 0; scroll <= ROOM; scroll += 997) {
      const { top } = scrolled({ top: 0, scroll: -10_000 }, scroll, HUGE);
      expect(top).toBeGreaterThan(last);
      expect(placeAt(top, HUGE).scroll).toBeCloseTo(scroll, 3);
      last = top;
    }
  });

  it("keeps its rows when the box is moved back to its fraction", () => {
    const drifted = { top: 1_000_000, scroll: 100 };
    expect(hasDrifted(drifted, HUGE)).toBe(true);
    expect(rowsAt(placeAt(drifted.top, HUGE), HUGE, 0)).toEqual(rowsAt(drifted, HUGE, 0));
  });
});
