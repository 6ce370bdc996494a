/**
 * A test runner for Stryker that imports the tests once and runs them in the same process for every mutant: a tenth of a
 * second instead of the seconds that a new vitest worker takes to import them again.
 */
import { globSync } from "node:fs";
import { registerHooks } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { INSTRUMENTER_CONSTANTS, type MutantCoverage } from "@stryker-mutator/api/core";
import { declareFactoryPlugin, PluginKind } from "@stryker-mutator/api/plugin";
import {
  type DryRunResult,
  DryRunStatus,
  determineHitLimitReached,
  type MutantRunOptions,
  type MutantRunResult,
  type TestResult,
  type TestRunner,
  TestStatus,
  toMutantRunResult,
} from "@stryker-mutator/api/test-runner";
import { type CollectedTest, takeCollected } from "./collected-tests.ts";

/** The tests that judge a mutant: fast, and without the build that the others need. */
const TESTS = [
  "test/shared/policy/**/*.test.ts",
  "test/shared/signals/**/*.test.ts",
  "test/tools/fixtures-*.test.ts",
];

/** Enough for the property tests to see every parser; a mutant that only the thousandth run kills counts as alive. */
const MUTATED_PAYLOADS = "200";

const SHIM = new URL("collected-tests.ts", import.meta.url).href;

/** What the instrumented code reads and writes. */
interface Instruments {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: MutantCoverage;
}

class InProcessRunner implements TestRunner {
  readonly #instruments: Instruments = {};
  readonly #sandbox = pathToFileURL(`${process.cwd()}/`).href;
  #tests: CollectedTest[] = [];
  #generation = 0;

  capabilities() {
    return { reloadEnvironment: true };
  }

  async init(): Promise<void> {
    process.env.OUTERLOOP_MUTATIONS = MUTATED_PAYLOADS;
    Object.assign(globalThis, { [INSTRUMENTER_CONSTANTS.NAMESPACE]: this.#instruments });
    registerHooks({
      resolve: (specifier, context, next) => {
        const isOurs = context.parentURL?.startsWith(this.#sandbox) ?? false;
        if (specifier === "vitest" && isOurs) return { url: SHIM, shortCircuit: true };
        const found = next(specifier, context);
        const isProject = found.url.startsWith(this.#sandbox) && !found.url.includes("/node_modules/");
        return isProject ? { ...found, url: `${found.url}?generation=${this.#generation}` } : found;
      },
    });
  }

  async dryRun(): Promise<DryRunResult> {
    await this.#load();
    const tests = await this.#run(this.#tests, false);
    const took = new Map(tests.map(({ id, timeSpentMs }) => [id, timeSpentMs]));
    this.#tests.sort((a, b) => (took.get(a.name) ?? 0) - (took.get(b.name) ?? 0));
    const { mutantCoverage } = this.#instruments;
    return { status: DryRunStatus.Complete, tests, ...(mutantCoverage ? { mutantCoverage } : {}) };
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const { activeMutant, testFilter, hitLimit, mutantActivation, reloadEnvironment, disableBail } = options;
    const instruments = this.#instruments;
    instruments.activeMutant = mutantActivation === "static" ? activeMutant.id : undefined;
    instruments.hitLimit = hitLimit;
    instruments.hitCount = hitLimit === undefined ? undefined : 0;
    try {
      if (reloadEnvironment || this.#tests.length === 0) await this.#load();
    } catch (error) {
      return toMutantRunResult({ status: DryRunStatus.Error, errorMessage: String(error) });
    }
    instruments.activeMutant = activeMutant.id;
    const asked = testFilter && new Set(testFilter);
    const chosen = this.#tests.filter(({ name }) => !asked || asked.has(name));
    const tests = await this.#run(chosen, !disableBail);
    instruments.activeMutant = undefined;
    const endless = determineHitLimitReached(instruments.hitCount, hitLimit);
    return toMutantRunResult(endless ?? { status: DryRunStatus.Complete, tests });
  }

  /** Imports the project and its tests anew. */
  async #load(): Promise<void> {
    this.#generation += 1;
    this.#tests = [];
    for (const file of globSync(TESTS).sort()) {
      await import(pathToFileURL(resolve(file)).href);
      this.#tests.push(...takeCollected().map((one) => ({ ...one, name: `${file}: ${one.name}` })));
    }
  }

  async #run(tests: readonly CollectedTest[], bail: boolean): Promise<TestResult[]> {
    const results: TestResult[] = [];
    for (const { name, run } of tests) {
      this.#instruments.currentTestId = name;
      const began = performance.now();
      const failure = await failureOf(run);
      const base = { id: name, name, timeSpentMs: performance.now() - began };
      this.#instruments.currentTestId = undefined;
      if (failure === null) results.push({ ...base, status: TestStatus.Success });
      else results.push({ ...base, status: TestStatus.Failed, failureMessage: failure });
      if (failure !== null && bail) break;
    }
    return results;
  }
}

async function failureOf(run: () => unknown): Promise<string | null> {
  try {
    await run();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export const strykerPlugins = [
  declareFactoryPlugin(PluginKind.TestRunner, "in-process", () => new InProcessRunner()),
];
