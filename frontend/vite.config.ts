import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const server = process.env.HEADWAY_URL ?? "http://127.0.0.1:8321";

export default defineConfig({
  base: "/",
  plugins: [react()],
  resolve: { alias: { "@": here("./src") } },
  build: {
    outDir: here("../server/static"),
    emptyOutDir: true,
    manifest: "manifest.json",
    chunkSizeWarningLimit: 6000,
    assetsInlineLimit: 0,
    // The first versions with light-dark(), which the tokens use.
    cssTarget: ["chrome123", "edge123", "firefox120", "safari17.5"],
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // GraphiQL is compiled with React Compiler; its directives mean nothing to a bundle.
      onLog: (level, log, report) => log.code !== "MODULE_LEVEL_DIRECTIVE" && report(level, log),
      input: { index: here("./index.html"), graphiql: here("./graphiql.html") },
    },
  },
  server: {
    proxy: {
      "/graphql": { target: server, ws: true },
      "/login": { target: server },
      "/logout": { target: server },
      "/artifacts": { target: server },
      "/files": { target: server },
      "^/executions/[^/]+/inputs/": { target: server },
      "^/executions/.*\\.(csv|json|txt|pdf)(\\?|$)": { target: server },
    },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/setupTests.ts"],
    restoreMocks: true,
    // Machines that run tests are shared.
    testTimeout: 30_000,
    // Otherwise Vite and Node load separate copies of graphql, which reject each other's schemas.
    server: { deps: { inline: ["@urql/exchange-execute"] } },
    env: { DEBUG_PRINT_LIMIT: "0" },
  },
});
