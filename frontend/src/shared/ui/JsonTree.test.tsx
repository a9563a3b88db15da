import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { isEmpty, JsonTree } from "./JsonTree";

it("opens the first level, deeper ones on click", async () => {
  render(<JsonTree label="Outputs" value={{ rows: 1250, nested: { deeper: { leaf: "x" } } }} />);
  const tree = screen.getByRole("group", { name: "Outputs" });
  expect(tree.textContent).toContain("1250");
  expect(tree.textContent).not.toContain("leaf");
  await userEvent.click(screen.getByRole("button", { name: /deeper/ }));
  expect(tree.textContent).toContain('"x"');
});

it("shows a part of a long list first", async () => {
  render(<JsonTree label="Outputs" value={Array.from({ length: 250 }, (_, at) => `item ${at}`)} />);
  expect(screen.queryByText('"item 100"')).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "150 more" }));
  expect(screen.getByText('"item 100"')).toBeTruthy();
});

it.each([
  [null, true],
  [{}, true],
  [[], true],
  [0, false],
  ["", false],
  [{ a: null }, false],
])("%j is empty: %s", (value, empty) => expect(isEmpty(value)).toBe(empty));
