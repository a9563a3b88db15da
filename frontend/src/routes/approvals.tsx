import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";
import { root } from "./root";

const search = z.object({ show: z.catch(z.optional(z.enum(["all"])), undefined) });

export const approvalsRoute = createRoute({
  getParentRoute: () => root,
  path: "/approvals",
  validateSearch: (given) => search.parse(given),
  component: lazyRouteComponent(() => import("@/features/approvals/ApprovalsPage"), "ApprovalsPage"),
});
