import { createRoute, type RouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";
import { lazily } from "@/shared/ui/lazily";
import { root } from "./root";

const search = z.object({ show: z.catch(z.optional(z.enum(["all"])), undefined) });

const Screen: RouteComponent = lazily(() =>
  import("@/features/approvals/ApprovalsPage").then((page) => page.ApprovalsPage),
);

export const approvalsRoute = createRoute({
  getParentRoute: () => root,
  path: "/approvals",
  validateSearch: (given) => search.parse(given),
  component: Screen,
});
