import { createRouter, type RouterHistory } from "@tanstack/react-router";
import type { ComponentType } from "react";
import { root } from "@/routes/root";
import { routeTree } from "@/routes/tree";
import { Missing, PageError } from "./PageError";
import { Shell } from "./Shell";

/** Tests pass a history of their own, and draw the screens without the shell. */
export function makeRouter(history?: RouterHistory, component: ComponentType = Shell) {
  root.update({
    component: component as typeof Shell,
    notFoundComponent: Missing,
    errorComponent: PageError,
  });
  return createRouter({
    routeTree,
    ...(history && { history }),
    defaultPreload: "intent",
    defaultErrorComponent: PageError,
    scrollRestoration: true,
    // Plain `?state=FAILED,ERROR&flow=etl`: URLs that people read, type and share.
    parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
    stringifySearch: (search) => {
      // An empty task differs from an absent one: it selects the whole execution.
      const kept = Object.entries(search).filter(
        ([key, value]) => value !== undefined && (value !== "" || key === "task"),
      );
      const written = new URLSearchParams(kept as [string, string][]).toString();
      // Both are allowed in a query; browsers would write `<` and `>` as `%3C` and `%3E` again.
      const text = written.replaceAll("%2C", ",").replaceAll("%3A", ":");
      return text ? `?${text}` : "";
    },
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
