import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/build-once.ts",
    testTimeout: 15_000,
    hookTimeout: 60_000,
    env: { OUTERLOOP_STRICT: "1", NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache") },
  },
});
