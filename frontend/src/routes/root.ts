import { createRootRoute } from "@tanstack/react-router";

/** The root of all routes. The shell draws it (app/router.tsx). */
export const root = createRootRoute();
