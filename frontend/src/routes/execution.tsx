import { type AnyRoute, createRoute, lazyRouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";

const level = z.catch(z.optional(z.enum(["DEBUG", "INFO", "WARN", "ERROR"])), undefined);
const search = z.object({ task: z.catch(z.optional(z.string()), undefined), level });

export const executionRoute = <Parent extends AnyRoute>(parent: Parent) =>
  createRoute({
    getParentRoute: () => parent,
    path: "/executions/$id",
    validateSearch: (given) => search.parse(given),
    component: lazyRouteComponent(
      () => import("@/features/executions/detail/ExecutionPage"),
      "ExecutionPage",
    ),
  });
