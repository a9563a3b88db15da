import { createRoute, type RouteComponent, type SearchSchemaInput } from "@tanstack/react-router";
import * as z from "zod/mini";
import { type Given, normal, RANGE_NAMES } from "@/features/executions/address";
import { lazily } from "@/shared/ui/lazily";
import { root } from "./root";

const optional = <Schema extends z.ZodMiniType>(schema: Schema) => z.catch(z.optional(schema), undefined);
const word = optional(z.string());
const text = optional(z.coerce.string());
const search = z.object({
  q: text,
  waiting: optional(z.enum(["me"])),
  view: optional(z.enum(["time", "waiting"])),
  range: optional(z.enum(RANGE_NAMES)),
  sort: word,
  cols: word,
  state: word,
  flow: text,
  namespace: text,
  kind: text,
  trigger: text,
  subflows: word,
});

const Screen: RouteComponent = lazily(() =>
  import("@/features/executions/ExecutionsPage").then((page) => page.ExecutionsPage),
);

/** Links may name a state, flow, namespace, kind or trigger; they become terms of the search. */
export const executionsRoute = createRoute({
  getParentRoute: () => root,
  path: "/executions",
  validateSearch: (given: Given & SearchSchemaInput) => normal(search.parse(given)),
  component: Screen,
});
