import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { executionSearch } from "@/entities/execution/search";
import { root } from "./root";

export const executionRoute = createRoute({
  getParentRoute: () => root,
  path: "/executions/$id",
  validateSearch: (given) => executionSearch.parse(given),
  component: lazyRouteComponent(() => import("./ExecutionScreen"), "ExecutionScreen"),
});
