import { createRoute, type RouteComponent } from "@tanstack/react-router";
import { executionSearch } from "@/entities/execution/search";
import { lazily } from "@/shared/ui/lazily";
import { root } from "./root";

const Screen: RouteComponent = lazily(() => import("./ExecutionScreen").then((page) => page.ExecutionScreen));

export const executionRoute = createRoute({
  getParentRoute: () => root,
  path: "/executions/$id",
  validateSearch: (given) => executionSearch.parse(given),
  component: Screen,
});
