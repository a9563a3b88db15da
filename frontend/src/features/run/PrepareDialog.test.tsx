import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import { GraphQLError } from "graphql";
import { Provider } from "urql";
import { expect, it } from "vitest";
import { clientOf } from "@/testing/world";
import { PrepareDialog } from "./PrepareDialog";

const draft = {
  createInput: { namespace: "examples", flow: "hello", inputs: {}, disabledTasks: [] },
  disabledTasks: [],
  tasks: [],
};

const prepared = (flow: () => unknown) => {
  const client = clientOf({ prepareExecution: () => ({ problems: [], draft }), flow });
  return render(
    <MantineProvider env="test">
      <Provider value={client}>
        <PrepareDialog id="exec_2" name="hello-1" onClose={() => {}} />
      </Provider>
    </MantineProvider>,
  );
};

it("says why the form is not there, and that the flow is gone", async () => {
  const failing = prepared(() => {
    throw new GraphQLError("the database is away", { extensions: { code: "UNAVAILABLE" } });
  });
  expect((await screen.findByRole("alert")).textContent).toContain("the database is away");
  failing.unmount();
  prepared(() => null);
  expect(await screen.findByText("The flow is not there any more.")).toBeTruthy();
});
