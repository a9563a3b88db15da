import { MantineProvider } from "@mantine/core";
import { act, fireEvent, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Provider } from "urql";
import { afterEach, expect, it, vi } from "vitest";
import { theme } from "@/app/theme";
import type { Field } from "@/entities/flow/inputs";
import { clientOf } from "@/testing/world";
import { RunForm } from "./RunForm";

const field = {
  __typename: "FlowInput",
  id: "data",
  type: "FILE",
  required: true,
  default: null,
  description: "what is read",
  options: null,
  min: null,
  max: null,
  pattern: null,
  dependsOn: [],
} as unknown as Field;

afterEach(() => vi.unstubAllGlobals());

/** A form with a file input; the test controls the end of uploads. */
function opened() {
  const uploads = new Map<string, (answer: { id?: string; refused?: string }) => Promise<void>>();
  vi.stubGlobal("fetch", (address: string) => {
    const name = new URL(address, "http://page").searchParams.get("name")!;
    return new Promise((resolve) => {
      uploads.set(name, ({ id, refused }) =>
        act(async () =>
          resolve({ ok: !refused, json: async () => ({ id, errors: [{ message: refused }] }) }),
        ),
      );
    });
  });
  const start = vi.fn((_: { input: { inputs: unknown } }) => ({ execution: null, problems: [] }));
  const { container } = render(
    <MantineProvider theme={theme} env="test">
      <Provider value={clientOf({ createExecution: start })}>
        <RunForm
          flow={{ namespace: "acme", key: "etl", inputs: [field] }}
          given={{ data: "file_old" }}
          onStarted={() => {}}
        />
      </Provider>
    </MantineProvider>,
  );
  const choose = (name: string) =>
    userEvent.upload(container.querySelector<HTMLInputElement>('input[type="file"]')!, new File(["x"], name));
  const submit = () => fireEvent.submit(container.querySelector("form")!);
  return { uploads, start, choose, submit };
}

it("waits for an upload before it starts", async () => {
  const { uploads, start, choose, submit } = opened();
  await choose("a.csv");
  expect(await screen.findByText("Uploading a.csv…")).toBeTruthy();
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Uploading…" }).disabled).toBe(true);
  submit();
  await uploads.get("a.csv")!({ id: "file_a" });
  expect(start).not.toHaveBeenCalled();
  await userEvent.click(screen.getByRole("button", { name: "Start" }));
  await waitFor(() => expect(start.mock.calls[0]![0].input.inputs).toEqual({ data: "file_a" }));
});

it("uses the last choice, whichever upload finishes last", async () => {
  const { uploads, start, choose } = opened();
  await choose("a.csv");
  await choose("b.csv");
  await uploads.get("b.csv")!({ id: "file_b" });
  await uploads.get("a.csv")!({ id: "file_a" });
  await userEvent.click(screen.getByRole("button", { name: "Start" }));
  await waitFor(() => expect(start.mock.calls[0]![0].input.inputs).toEqual({ data: "file_b" }));
});

it("sends no other file in place of a refused one", async () => {
  const { uploads, start, choose } = opened();
  await choose("a.csv");
  await uploads.get("a.csv")!({ refused: "the file is too large" });
  expect(await screen.findByText("the file is too large")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Start" }));
  await waitFor(() => expect(start.mock.calls[0]![0].input.inputs).toEqual({}));
});
