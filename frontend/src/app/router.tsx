import { createRootRoute, createRouter } from "@tanstack/react-router";
import { approvalsRoute } from "@/routes/approvals";
import { executionRoute } from "@/routes/execution";
import { executionsRoute } from "@/routes/executions";
import { Missing, PageError } from "./PageError";
import { Shell } from "./Shell";

const root = createRootRoute({ component: Shell, notFoundComponent: Missing, errorComponent: PageError });

export const router = createRouter({
  routeTree: root.addChildren([executionsRoute(root), executionRoute(root), approvalsRoute(root)]),
  defaultPreload: "intent",
  defaultErrorComponent: PageError,
  scrollRestoration: true,
  // Plain `?state=FAILED,ERROR&flow=etl`: an address that people read, type and share.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const kept = Object.entries(search).filter(([, value]) => value !== undefined && value !== "");
    const text = new URLSearchParams(kept as [string, string][]).toString().replaceAll("%2C", ",");
    return text ? `?${text}` : "";
  },
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
