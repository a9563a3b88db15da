import { MantineProvider } from "@mantine/core";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { Provider } from "urql";
import { describe, expect, it } from "vitest";
import { theme } from "@/app/theme";
import { clientOf } from "@/testing/world";
import { FacetSelect } from "./FacetSelect";
import type { Field, Search } from "./filters";

type Asked = { field: string; contains: string; where?: unknown; search?: string; first: number };

/** A server with 260 flows, that answers those that hold the text, `first` of them. */
function opened(field: Field = "flow", given: Search = {}) {
  const asked: Asked[] = [];
  const known = Array.from({ length: 260 }, (_, index) => `etl-${String(index + 1).padStart(3, "0")}`);
  const client = clientOf({
    facets: (args: Asked) => {
      asked.push(args);
      const values = field === "trigger" ? ["SCHEDULE", "MANUAL"] : known;
      const found = values.filter((value) => value.toLowerCase().includes(args.contains.toLowerCase()));
      return found.slice(0, args.first).map((value) => ({
        key: null,
        value,
        search: "",
        count: { value: 1200, exact: false },
      }));
    },
  });
  const changes: Search[] = [];
  function Filter() {
    const [search, setSearch] = useState(given);
    const change = (next: Search) => {
      changes.push(next);
      setSearch(next);
    };
    return <FacetSelect field={field} search={search} onChange={change} />;
  }
  render(
    <MantineProvider theme={theme} env="test">
      <Provider value={client}>
        <Filter />
      </Provider>
    </MantineProvider>,
  );
  return { asked, changes, user: userEvent.setup() };
}

const box = (name: string) => screen.getByRole("combobox", { name });

describe("a menu of facets", { timeout: 20_000 }, () => {
  it("asks nothing before it is opened, then for the first, each with its count", async () => {
    const { asked, user } = opened();
    expect(asked).toEqual([]);
    await user.click(box("Flow"));
    expect(await screen.findByRole("option", { name: "etl-001 1,200+" })).toBeTruthy();
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ field: "FLOW", contains: "", first: 50 });
    expect(screen.queryByRole("option", { name: /etl-201/ })).toBeNull();
    const more = screen.getByRole("option", { name: "Type to find others" });
    expect(more.getAttribute("data-combobox-disabled")).toBe("true");
  });

  it("finds the 201st by typing, and takes it with the keyboard alone", async () => {
    const { asked, changes, user } = opened();
    await user.tab();
    expect(document.activeElement).toBe(box("Flow"));
    await user.keyboard("201");
    const option = await screen.findByRole("option", { name: /etl-201/ });
    expect(screen.getAllByRole("option")).toEqual([option]);
    expect(box("Flow").getAttribute("aria-expanded")).toBe("true");
    await user.keyboard("{ArrowDown}");
    expect(box("Flow").getAttribute("aria-activedescendant")).toBe(option.id);
    await user.keyboard("{Enter}");
    expect(changes).toEqual([{ flow: "etl-201" }]);
    expect((box("Flow") as HTMLInputElement).value).toBe("etl-201");
    expect(asked.at(-1)).toMatchObject({ contains: "201" });
  });

  it("asks among what the other filters leave, not its own", async () => {
    const { asked, user } = opened("flow", { flow: "etl-230", namespace: "acme", q: "is:ended" });
    await user.click(box("Flow"));
    await screen.findByRole("option", { name: /etl-001/ });
    expect(asked[0]).toMatchObject({
      contains: "",
      where: { namespace: { eq: "acme" } },
      search: "is:ended",
    });
    expect(asked[0]!.where).toMatchObject({ flow: null });
  });

  it("says that there is none", async () => {
    const { user } = opened();
    await user.type(box("Flow"), "nowhere");
    expect(await screen.findByText("None")).toBeTruthy();
  });

  it("clears", async () => {
    const { changes, user } = opened("flow", { flow: "etl-230" });
    await user.click(screen.getByLabelText("Clear flow"));
    expect(changes).toEqual([{ flow: undefined }]);
    await waitFor(() => expect((box("Flow") as HTMLInputElement).value).toBe(""));
  });

  it("writes a trigger as the search language does", async () => {
    const { changes, user } = opened("trigger");
    await user.click(box("Trigger"));
    await user.click(await screen.findByRole("option", { name: /schedule/ }));
    expect(changes).toEqual([{ trigger: "schedule" }]);
  });
});
