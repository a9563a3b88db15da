import { MantineProvider } from "@mantine/core";
import { fireEvent, render, screen } from "@testing-library/react";
import { GraphQLError } from "graphql";
import { Provider } from "urql";
import { expect, it, vi } from "vitest";
import { clientOf, type World } from "@/testing/world";
import { PrepareDialog } from "./PrepareDialog";

const draft = {
  createInput: { namespace: "examples", flow: "hello", inputs: {}, disabledTasks: [] },
  disabledTasks: [],
  tasks: [],
};

const prepared = (flow: () => unknown, world: World = {}) => {
  const client = clientOf({ prepareExecution: () => ({ problems: [], draft }), flow, ...world });
  return render(
    <MantineProvider env="test">
      <Provider value={client}>
        <PrepareDialog id="exec_2" name="hello-1" onClose={() => {}} />
      </Provider>
    </MantineProvider>,
  );
};

it("shows why the form could not be loaded, and that the flow was deleted", async () => {
  const failing = prepared(() => {
    throw new GraphQLError("the database is away", { extensions: { code: "UNAVAILABLE" } });
  });
  expect((await screen.findByRole("alert")).textContent).toContain("the database is away");
  failing.unmount();
  prepared(() => null);
  expect(await screen.findByText("The flow no longer exists.")).toBeTruthy();
});

const asking = {
  ...draft,
  tasks: [
    { key: "ask", enabled: true, isNew: false, plan: "RUN", why: "new decision: others", mustAsk: "others" },
    { key: "load", enabled: true, isNew: false, plan: "RUN", why: "was FAILED", mustAsk: null },
  ],
};
const hello = { id: "flow_1", namespace: "examples", key: "hello", description: null, inputs: [] };
const opened = (permissions: string[]) =>
  prepared(() => hello, {
    prepareExecution: () => ({ problems: [], draft: asking }),
    viewer: () => ({ actor: { name: "otto" }, permissions }),
  });
const box = async (name: string) => (await screen.findByRole("checkbox", { name })) as HTMLInputElement;

it("does not allow excluding an approval without the permission to override it", async () => {
  opened(["RUN_FLOW"]);
  expect((await box("ask")).disabled).toBe(true);
  expect((await box("load")).disabled).toBe(false);
  expect(screen.getByText(/needs the permission OVERRIDE_APPROVAL/)).toBeTruthy();
});

it("requires a reason to override it", async () => {
  opened(["RUN_FLOW", "OVERRIDE_APPROVAL"]);
  await vi.waitFor(async () => expect((await box("ask")).disabled).toBe(false));
  const reason = () => screen.getByRole("textbox", { name: /Reason/ }) as HTMLInputElement;
  expect(reason().required).toBe(false);
  fireEvent.click(await box("ask"));
  expect(reason().required).toBe(true);
  expect(screen.getByText(/Required to override ask/)).toBeTruthy();
});

it("is copied as the equivalent command, with the ticked and unticked tasks", async () => {
  const tasks = asking.tasks.map((task) => ({ ...task, mustAsk: null }));
  const writeText = vi.fn(async () => {});
  vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText } });
  prepared(() => hello, {
    prepareExecution: () => ({ problems: [], draft: { ...draft, disabledTasks: ["ask"], tasks } }),
    viewer: () => ({ actor: { name: "otto" }, permissions: [] }),
  });
  fireEvent.click(await box("ask"));
  fireEvent.click(await box("load"));
  fireEvent.click(screen.getByRole("button", { name: "Copy as command" }));
  expect(writeText).toHaveBeenCalledWith("headway prepare exec_2 --run --enable=ask --disable=load");
  vi.unstubAllGlobals();
});
