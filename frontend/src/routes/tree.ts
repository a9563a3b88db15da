import { approvalsRoute } from "./approvals";
import { compareRoute } from "./compare";
import { executionRoute } from "./execution";
import { executionsRoute } from "./executions";
import { homeRoute } from "./home";
import { root } from "./root";

/** All routes of the page. */
export const routeTree = root.addChildren([
  homeRoute,
  executionsRoute,
  executionRoute,
  compareRoute,
  approvalsRoute,
]);
