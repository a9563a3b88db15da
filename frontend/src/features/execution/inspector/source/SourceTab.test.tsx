import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import { GraphQLError } from "graphql";
import { Provider } from "urql";
import { expect, it } from "vitest";
import { recordOf } from "@/entities/execution/record";
import { aSnapshot, aTask } from "@/testing/fixtures";
import { clientOf } from "@/testing/world";
import type { TabProps } from "../tabs";
import { SourceTab } from "./SourceTab";

it("shows an error when the source of a task could not be read", async () => {
  const record = recordOf(aSnapshot({ taskRuns: [aTask("load")] }));
  const client = clientOf({
    execution: () => ({
      id: "exec_2",
      flow: null,
      revision: null,
      task: () => {
        throw new GraphQLError("the database is away", { extensions: { code: "UNAVAILABLE" } });
      },
    }),
  });
  render(
    <MantineProvider env="test">
      <Provider value={client}>
        <SourceTab
          record={record}
          taskRun={record.taskRuns.get("run_load")}
          attempt={undefined}
          {...({} as Pick<TabProps, "actions" | "at">)}
        />
      </Provider>
    </MantineProvider>,
  );
  expect((await screen.findByRole("alert")).textContent).toContain("the database is away");
});
