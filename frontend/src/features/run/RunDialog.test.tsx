import { MantineProvider } from "@mantine/core";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Provider } from "urql";
import { expect, it } from "vitest";
import { theme } from "@/app/theme";
import { clientOf } from "@/testing/world";
import { RunDialog } from "./RunDialog";

const field = (id: string) => ({
  __typename: "FlowInput",
  id,
  type: "STRING",
  required: false,
  default: null,
  description: null,
  options: null,
  min: null,
  max: null,
  pattern: null,
  dependsOn: [],
});
const KEYS = ["etl", "flaky", "hello"];
const flows = ({ where }: { where: { or?: { key?: { contains: string } }[] } }) => {
  const text = where.or?.find(({ key }) => key)?.key?.contains ?? "";
  return {
    nodes: KEYS.filter((key) => key.includes(text)).map((key) => ({
      id: `flow_${key}`,
      namespace: "acme",
      key,
    })),
  };
};
const flow = ({ namespace, key }: { namespace: string; key: string }) => ({
  id: `flow_${key}`,
  namespace,
  key,
  description: `What ${key} does`,
  inputs: [field("name")],
});

function opened(given?: { namespace: string; key: string }) {
  render(
    <MantineProvider theme={theme} env="test">
      <Provider value={clientOf({ flows, flow })}>
        <RunDialog flow={given} onClose={() => {}} />
      </Provider>
    </MantineProvider>,
  );
}

const focusedLabel = () => {
  const element = document.activeElement as HTMLInputElement | null;
  return element?.labels?.[0]?.textContent ?? element?.outerHTML;
};

it("focuses the field of the flow", async () => {
  opened();
  await waitFor(() => expect(focusedLabel()).toBe("Flow"));
});

it("focuses the first field of the form when the flow is given, once it is loaded", async () => {
  opened({ namespace: "acme", key: "hello" });
  await waitFor(() => expect(focusedLabel()).toBe("name"));
});

it("takes the first match on Enter, loaded already or not", async () => {
  opened();
  const user = userEvent.setup();
  const picker = await screen.findByRole<HTMLInputElement>("combobox", { name: "Flow" });
  await user.type(picker, "flaky");
  await screen.findByRole("option", { name: "acme/flaky" });
  await waitFor(() => expect(screen.getAllByRole("option")).toHaveLength(1));
  await user.keyboard("{Enter}");
  expect(await screen.findByText("What flaky does")).toBeTruthy();

  await user.clear(picker);
  await user.type(picker, "hel{Enter}");
  expect(await screen.findByText("What hello does")).toBeTruthy();
  await waitFor(() => expect(picker.getAttribute("aria-expanded")).toBe("false"));
  expect(picker.value).toBe("acme/hello");
});
