import { createRootRoute } from "@tanstack/react-router";

/** The root of every address. The shell draws it (app/router.tsx). */
export const root = createRootRoute();
