import { readFileSync } from "node:fs";
import { MantineProvider } from "@mantine/core";
import { createMemoryHistory, Outlet, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import { Client } from "@urql/core";
import { executeExchange } from "@urql/exchange-execute";
import { buildSchema, type GraphQLAbstractType } from "graphql";
import { Provider } from "urql";
import { Dialogs } from "@/app/Dialogs";
import { makeRouter } from "@/app/router";
import { theme } from "@/app/theme";
import { link } from "@/shared/graphql/link";
import { useKeyboard } from "@/shared/lib/keys";

export const schema = buildSchema(
  readFileSync(`${import.meta.dirname}/../../../schema/schema.graphql`, "utf8"),
);
for (const name of ["Node", "Problem"]) {
  (schema.getType(name) as GraphQLAbstractType).resolveType = (value: { __typename: string }) =>
    value.__typename;
}

/** Root fields by name: functions of their arguments. Every document and answer is validated against the real SDL. */
export type World = Record<string, (args: never) => unknown>;

/** A subscription that a test feeds. */
export class Stream<Value> implements AsyncIterableIterator<Value> {
  private readonly waiting: ((result: IteratorResult<Value>) => void)[] = [];
  private readonly ready: Value[] = [];

  push(value: Value): void {
    const next = this.waiting.shift();
    if (next) next({ value, done: false });
    else this.ready.push(value);
  }

  next(): Promise<IteratorResult<Value>> {
    const value = this.ready.shift();
    if (value !== undefined) return Promise.resolve({ value, done: false });
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  return(): Promise<IteratorResult<Value>> {
    for (const next of this.waiting.splice(0)) next({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

export function clientOf(world: World): Client {
  return new Client({
    url: "/graphql",
    preferGetMethod: false,
    requestPolicy: "network-only",
    exchanges: [executeExchange({ schema, rootValue: world })],
  });
}

function Keyboard() {
  useKeyboard();
  return null;
}

/** Renders the page at a URL, in a world. */
export function show(address: string, world: World) {
  link.move({ type: "opened", at: Date.now() });
  const client = clientOf(world);
  const router = makeRouter(createMemoryHistory({ initialEntries: [address] }), Outlet);
  const shown = render(
    <MantineProvider theme={theme} env="test">
      <Provider value={client}>
        <Dialogs />
        <Keyboard />
        <RouterProvider router={router} />
      </Provider>
    </MantineProvider>,
  );
  return { ...shown, router };
}
