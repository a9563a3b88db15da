import { createRouter, type RouterHistory } from "@tanstack/react-router";
import type { ComponentType } from "react";
import { root } from "@/routes/root";
import { routeTree } from "@/routes/tree";
import { Missing, PageError } from "./PageError";
import { Shell } from "./Shell";

/** A test gives a history of its own, and draws the screens without the shell. */
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
    // Plain `?state=FAILED,ERROR&flow=etl`: an address that people read, type and share.
    parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
    stringifySearch: (search) => {
      // No task at all is something else than nothing said about tasks: the whole execution is meant.
      const kept = Object.entries(search).filter(
        ([key, value]) => value !== undefined && (value !== "" || key === "task"),
      );
      const written = new URLSearchParams(kept as [string, string][]).toString();
      // Both may stand in a query as they are; browsers would write `<` and `>` as `%3C` and `%3E` again.
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
