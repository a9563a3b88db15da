import { act, renderHook } from "@testing-library/react";
import { expect, test } from "vitest";
import { LogBuffer } from "./logBuffer";
import { useFollow } from "./useFollow";

/** A box that keeps its position within what it holds, as a browser's does. */
function boxOf(scrollHeight: number, clientHeight: number) {
  let top = 0;
  return {
    scrollHeight,
    clientHeight,
    get scrollTop() {
      return top;
    },
    set scrollTop(wanted: number) {
      top = Math.min(Math.max(0, wanted), this.scrollHeight - this.clientHeight);
    },
  };
}

function following(box: ReturnType<typeof boxOf>) {
  const buffer = new LogBuffer();
  const scroller = { current: box as unknown as HTMLDivElement };
  return renderHook(() => useFollow(scroller, buffer, 20));
}

test("a window that grows is no scroll upwards", () => {
  const box = boxOf(5000, 500);
  const { result } = following(box);
  box.clientHeight = 700;
  box.scrollTop = 4500;
  act(() => result.current.onScroll());
  expect([box.scrollTop, result.current.following]).toEqual([4300, true]);
});

test("a late event of a move of ours does not follow again after a stop; a scroll to the end does", () => {
  const box = boxOf(5000, 500);
  const { result } = following(box);
  act(() => result.current.stop());
  act(() => result.current.onScroll());
  expect(result.current.following).toBe(false);
  box.scrollTop = 1000;
  act(() => result.current.onScroll());
  box.scrollTop = 4500;
  act(() => result.current.onScroll());
  expect(result.current.following).toBe(true);
});
