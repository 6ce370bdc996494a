/**
 * A test runner for Stryker that imports the tests once and runs them in the same process for every mutant: a tenth of a
 * second instead of the seconds that a new vitest worker takes to import them again.
 */
import { globSync } from "node:fs";
import { registerHooks } from "node:module";
import { dirname, resolve } from "node:path";
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
const MUTATED_PAYLOADS = "100";

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
    const mustLoad = reloadEnvironment || this.#tests.length === 0;
    let tests: TestResult[];
    try {
      if (mustLoad && mutantActivation === "static") {
        tests = await this.#runWhileLoading(activeMutant.fileName, !disableBail);
      } else {
        if (mustLoad) await this.#load();
        instruments.activeMutant = activeMutant.id;
        const asked = testFilter && new Set(testFilter);
        const chosen = this.#tests.filter(({ name }) => !asked || asked.has(name));
        tests = await this.#run(chosen, !disableBail);
      }
    } catch (error) {
      return toMutantRunResult({ status: DryRunStatus.Error, errorMessage: String(error) });
    }
    instruments.activeMutant = undefined;
    const endless = determineHitLimitReached(instruments.hitCount, hitLimit);
    return toMutantRunResult(endless ?? { status: DryRunStatus.Complete, tests });
  }

  /** Imports the project and its tests anew. */
  async #load(): Promise<void> {
    this.#generation += 1;
    this.#tests = [];
    for (const file of globSync(TESTS).sort()) this.#tests.push(...(await collect(file)));
  }

  /** Imports and runs one test file after another, those of the mutant's folder first: most mutants need no more. */
  async #runWhileLoading(mutated: string, bail: boolean): Promise<TestResult[]> {
    this.#generation += 1;
    this.#tests = [];
    const results: TestResult[] = [];
    const isNear = (file: string) => mutated.includes(dirname(file).replace(/^test/, ""));
    const [near, far] = Object.values(
      Object.groupBy(globSync(TESTS).sort(), (file) => Number(!isNear(file))),
    );
    for (const file of [...(near ?? []), ...(far ?? [])]) {
      results.push(...(await this.#run(await collect(file), bail)));
      if (bail && results.some(({ status }) => status === TestStatus.Failed)) break;
    }
    return results;
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

/** The tests of a file, which is imported by that; what a file that broke off before had declared is let go. */
async function collect(file: string): Promise<CollectedTest[]> {
  takeCollected();
  await import(pathToFileURL(resolve(file)).href);
  return takeCollected().map((one) => ({ ...one, name: `${file}: ${one.name}` }));
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
