import { type AnyRoute, createRoute, lazyRouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";

const search = z.object({ show: z.catch(z.optional(z.enum(["all"])), undefined) });

export const approvalsRoute = <Parent extends AnyRoute>(parent: Parent) =>
  createRoute({
    getParentRoute: () => parent,
    path: "/approvals",
    validateSearch: (given) => search.parse(given),
    component: lazyRouteComponent(
      () => import("@/features/executions/approvals/ApprovalsPage"),
      "ApprovalsPage",
    ),
  });
