import { type AnyRoute, createRoute, lazyRouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";

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

export const executionsRoute = <Parent extends AnyRoute>(parent: Parent) =>
  createRoute({
    getParentRoute: () => parent,
    path: "/",
    validateSearch: (given) => search.parse(given),
    component: lazyRouteComponent(
      () => import("@/features/executions/list/ExecutionsPage"),
      "ExecutionsPage",
    ),
  });
