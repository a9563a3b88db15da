import { act, screen, waitFor } from "@testing-library/react";
import { expect, it } from "vitest";
import { aRow } from "@/testing/fixtures";
import { entering, opened, served } from "@/testing/list";

const PLACE = "a slot of the flow's limit of 1, held by etl-1; position ";

it("reasons are read for waiting rows only; for a queued one again when the list changed", async () => {
  const requests: unknown[] = [];
  let position = 2;
  const waiting = () => [{ code: "SLOT", message: `${PLACE}${position}`, until: null, taskRun: null }];
  const { send } = await opened("", "", {
    executions: ({ where }: { where: { id: string[] } }) => {
      requests.push(where.id);
      return { nodes: where.id.map((id) => ({ __typename: "Execution", id, seq: 3, waitingFor: waiting })) };
    },
  });
  const queued = aRow({ id: "exec_3", name: "etl-3", state: "QUEUED", startedAt: null, progress: 0 });
  await send({
    reset: true,
    enter: entering(queued, aRow({ id: "exec_2" }), aRow({ id: "exec_1", state: "SUCCESS" })),
  });
  const row = await screen.findByRole("row", { name: /etl-3/ });
  await waitFor(() => expect(row.textContent).toContain(`Waits for ${PLACE}2`));
  expect(requests).toEqual([["exec_3"]]);
  position = 1;
  await send({ update: [served(aRow({ id: "exec_2", seq: 4, state: "SUCCESS" })) as never] });
  await waitFor(() => expect(row.textContent).toContain("position 1"), { timeout: 5_000 });
  await act(async () => {});
  await send({ update: [served(aRow({ ...queued, seq: 5, state: "RUNNING", progress: 0.5 })) as never] });
  expect(row.textContent).not.toContain("slot");
}, 20_000);
