import { act, renderHook } from "@testing-library/react";
import { expect, it } from "vitest";
import { followsAfter, useFollow } from "./useFollow";

const box = (scrollTop: number, clientHeight = 500) => ({ scrollTop, scrollHeight: 5000, clientHeight });

it.each([
  ["scrolling up stops it", true, 4500, box(4400), true, false],
  ["reaching the end resumes it", false, 4000, box(4500), true, true],
  ["the end of the loaded lines is not the end", false, 4000, box(4500), false, false],
  ["scrolling down without reaching the end changes nothing", false, 1000, box(2000), true, false],
  ["a growing window does not count as scrolling up", true, 4500, box(4300, 700), true, true],
  ["a late event of a programmatic scroll changes nothing", false, 4500, box(4500), true, false],
])("%s", (_, following, from, to, hasEnd, expected) =>
  expect(followsAfter(following, from, to, hasEnd)).toBe(expected),
);

it("counts the lines that have arrived since it stopped", () => {
  const { result, rerender } = renderHook(({ arrived }) => useFollow(arrived, true), {
    initialProps: { arrived: 10 },
  });
  act(() => result.current.moved(box(4500)));
  act(() => result.current.scrolled(box(1000), true));
  expect(result.current).toMatchObject({ following: false, unseen: 0 });
  rerender({ arrived: 14 });
  expect(result.current.unseen).toBe(4);
  act(() => result.current.scrolled(box(4500), true));
  expect(result.current).toMatchObject({ following: true, unseen: 0 });
});
