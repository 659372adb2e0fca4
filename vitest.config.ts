import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** The examples import the package by its name; tests run them against the sources. */
const source = (path: string) => fileURLToPath(new URL(`src/${path}`, import.meta.url));

// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export.
export default defineConfig({
  resolve: {
    alias: [
      { find: /^holdfast$/, replacement: source("index.ts") },
      { find: /^holdfast\/testing$/, replacement: source("testing/index.ts") },
    ],
  },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    pool: "forks",
    // The default leaves a core idle on a machine with two, and many tests wait for a disk or a child process.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
