import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** Tests of pure code: they leave nothing behind in a process, so one process may run many of them. */
const PURE = ["orchestrations", "shared", "specs", "tools"].map((folder) => `test/${folder}/**/*.test.ts`);

export default defineConfig({
  test: {
    testTimeout: 15_000,
    // Most of the time that tests take they wait: for processes, timers and disks.
    maxWorkers: availableParallelism() + 1,
    env: { OUTERLOOP_STRICT: "1", NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache") },
    projects: [
      { extends: true, test: { name: "pure", include: PURE, isolate: false } },
      {
        extends: true,
        test: {
          name: "processes",
          include: ["test/**/*.test.ts"],
          exclude: PURE,
          globalSetup: "test/build-once.ts",
          // The bundle is loaded as it is where it is deployed, not read and rewritten first.
          server: { deps: { external: [/\/dist\/functions\//] } },
          // How long a process takes is the machine's own matter: only a fault takes so long. See test/waiting.ts.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { poll: { timeout: 50_000, interval: 20 } },
        },
      },
    ],
  },
});
