import { MantineProvider, Menu } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { MOST_EXPORTED, NOTHING, type Selection } from "../selection/selection";
import { ExportItems } from "./ExportItems";

/** The menu item, once rendered. */
function csvOf(selection: Selection) {
  render(
    <MantineProvider env="test">
      <Menu opened withinPortal={false}>
        <Menu.Target>
          <button type="button">More</button>
        </Menu.Target>
        <Menu.Dropdown>
          <ExportItems
            selection={selection}
            query={{ where: null, search: "flow:etl" }}
            order={{ orderBy: "CREATED_DESC", orderByValue: null }}
            columns={[]}
          />
        </Menu.Dropdown>
      </Menu>
    </MantineProvider>,
  );
  return screen.getByRole<HTMLAnchorElement>("menuitem", { name: /^Export CSV/ });
}

const picked = (count: number): Selection => ({
  ...NOTHING,
  ids: new Set(
    Array.from({ length: count }, (_, at) => `exec_01h45ytscbebyvny4gc8cr${String(at).padStart(4, "0")}`),
  ),
});

it("lists the selected ids in a URL of acceptable length", () => {
  const { href } = csvOf(picked(MOST_EXPORTED));
  expect(JSON.parse(new URL(href).searchParams.get("where")!).id).toHaveLength(MOST_EXPORTED);
  expect(href.length).toBeLessThan(7_000);
});

it("says why not when a URL cannot hold them", () => {
  const item = csvOf(picked(MOST_EXPORTED + 1));
  expect(item.getAttribute("aria-disabled")).toBe("true");
  expect(item.getAttribute("href")).toBeNull();
  expect(item.textContent).toContain(`At most ${MOST_EXPORTED} selected executions`);
});

it("exports all matches by the filter", () => {
  const { searchParams } = new URL(csvOf({ ...NOTHING, all: true }).href);
  expect([searchParams.get("where"), searchParams.get("search")]).toEqual([null, "flow:etl"]);
});
