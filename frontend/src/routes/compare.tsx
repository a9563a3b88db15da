import { createRoute, type RouteComponent } from "@tanstack/react-router";
import * as z from "zod/mini";
import { lazily } from "@/shared/ui/lazily";
import { root } from "./root";

const optional = <Schema extends z.ZodMiniType>(schema: Schema) => z.catch(z.optional(schema), undefined);

const search = z.object({
  /** The ids of two to five executions, separated by commas. */
  ids: optional(z.string()),
  /** The id of the baseline; by default the first one. */
  baseline: optional(z.string()),
  /** `equal` also shows rows without differences. */
  show: optional(z.enum(["equal"])),
});

const Screen: RouteComponent = lazily(() =>
  import("@/features/compare/ComparePage").then((page) => page.ComparePage),
);

export const compareRoute = createRoute({
  getParentRoute: () => root,
  path: "/compare",
  validateSearch: (given) => search.parse(given),
  component: Screen,
});
