import { createRoute, redirect } from "@tanstack/react-router";
import { root } from "./root";

/** The root URL redirects to the executions. */
export const homeRoute = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: ({ search }) => {
    throw redirect({ to: "/executions", search, replace: true });
  },
});
