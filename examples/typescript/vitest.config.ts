import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Two files at a time, each in a process of its own; the mock keeps their sessions apart.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
  },
});
