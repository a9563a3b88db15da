import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";
import { root } from "./root";

const word = z.catch(z.optional(z.string()), undefined);
const text = z.catch(z.optional(z.coerce.string()), undefined);
const search = z.object({
  q: text,
  state: word,
  flow: word,
  namespace: word,
  kind: word,
  trigger: word,
  subflows: word,
});

export const executionsRoute = createRoute({
  getParentRoute: () => root,
  path: "/executions",
  validateSearch: (given) => search.parse(given),
  component: lazyRouteComponent(() => import("@/features/executions/ExecutionsPage"), "ExecutionsPage"),
});
