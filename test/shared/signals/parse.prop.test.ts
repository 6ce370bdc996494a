import fc from "fast-check";
import { expect, test } from "vitest";
import { type ParseOutcome, parseModelEvent, parseMonitorAlert } from "../../../shared/signals/parse.ts";
import { parseExport } from "../../../shared/signals/parse-export.ts";
import { Signal } from "../../../shared/signals/signal.ts";
import { fixture, fixtureNames } from "./fixtures.ts";

/** So many mutations in `npm test`; the nightly run sets more, and its own seed. */
const RUNS = Number(process.env.OUTERLOOP_MUTATIONS ?? 2_000);
const SEED = Number(process.env.OUTERLOOP_SEED ?? 20_260_701);
/** Generous: a slow machine does some 500 a second. */
const TIMEOUT_MS = 15_000 + RUNS * 2;

/** What a payload of a megabyte may take, in microseconds of processor time: a hundred times what it needs. */
const MOST_CPU_US = 10_000_000;

/** What an attacker, or a careless sender, might put anywhere. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    "",
    "NaN",
    -0,
    Number.MAX_VALUE,
    [],
    {},
    [[]],
    "\u0000",
    "__proto__",
    "[".repeat(5_000),
  ),
  fc.constant(
    JSON.parse('{"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}}') as unknown,
  ),
  fc.string({ maxLength: 40, unit: "binary" }),
  fc.jsonValue({ maxDepth: 4 }),
);

/** Paths to every value of a payload. */
function pathsOf(value: unknown, at: string[] = []): string[][] {
  const children = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return [at, ...children.flatMap(([name, child]) => pathsOf(child, [...at, name]))];
}

function replaced(value: unknown, [step, ...rest]: string[], by: unknown): unknown {
  if (step === undefined) return by;
  if (Array.isArray(value))
    return value.map((child, index) => (String(index) === step ? replaced(child, rest, by) : child));
  const entries = Object.entries(value as object);
  return Object.fromEntries(
    entries.map(([name, child]) => [name, name === step ? replaced(child, rest, by) : child]),
  );
}

const payloads = fixtureNames.map((name) => {
  const payload = fixture(name);
  return { payload, paths: pathsOf(payload) };
});

const mutated = fc
  .constantFrom(...payloads)
  .chain(({ payload, paths }) =>
    fc.tuple(fc.constantFrom(...paths), odd).map(([path, by]) => replaced(payload, path, by)),
  );

function isSound(outcome: ParseOutcome): void {
  if (outcome.outcome !== "signal") return;
  for (const signal of outcome.signals) expect(Signal.safeParse(signal).error).toBeUndefined();
}

test(
  "never throws and never gives a malformed signal, whatever is put wherever in a payload",
  () => {
    fc.assert(
      fc.property(mutated, (payload) => {
        isSound(parseModelEvent(payload));
        isSound(parseMonitorAlert(payload));
        for (const outcome of parseExport(payload).outcomes) isSound(outcome);
        expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      }),
      { numRuns: RUNS, seed: SEED },
    );
  },
  TIMEOUT_MS,
);

test("takes time in proportion to a payload, also one made to be slow", () => {
  const text = `The signal '${"a'".repeat(100_000)}' ['${"\\".repeat(400_000)}`;
  const data = {
    runId: "r",
    runStatus: "Completed",
    runTags: { azureml_modelmonitor_threshold_breached: text },
  };
  const event = {
    id: "1",
    topic: "/providers/microsoft.machinelearningservices".repeat(5_000),
    eventType: "Microsoft.MachineLearningServices.RunStatusChanged",
    eventTime: "2026-07-01T00:00:00Z",
    data,
  };
  const before = process.threadCpuUsage();
  isSound(parseModelEvent(event));
  const { user, system } = process.threadCpuUsage(before);
  expect(user + system).toBeLessThan(MOST_CPU_US);
});
