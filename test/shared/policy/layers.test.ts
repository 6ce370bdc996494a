import { describe, expect, test } from "vitest";
import { loadPolicy } from "../../../shared/policy/load.ts";
import { PolicyError } from "../../../shared/policy/policy-error.ts";
import { samplePolicy } from "../../policy-sample.ts";

type Tree = Record<string, unknown>;

/** A policy file of these layers; JSON is YAML, and each value of its own line can be told from the next. */
const text = (document: Tree) => JSON.stringify({ version: 1, ...document }, null, 1);
const load = (document: Tree) => loadPolicy(text(document), "p.yaml");

const whole = samplePolicy as Tree;
const { scenario: _scenario, ...sample } = whole;
const lineOf = (document: Tree, words: string) =>
  text(document)
    .split("\n")
    .findIndex((line) => line.includes(words)) + 1;

/** What is wrong with a whole policy in which some of it is replaced. */
function complaints(change: (policy: Record<string, Tree>) => void, around: Tree = {}): string[] {
  const policy = structuredClone(whole) as Record<string, Tree>;
  change(policy);
  try {
    load({ ...around, models: { m: policy } });
  } catch (error) {
    if (error instanceof PolicyError) return error.message.split("\n").slice(1);
    throw error;
  }
  return [];
}

describe("the most specific pattern wins, wherever it stands in the file", () => {
  const named = (modelOutput: string) => ({
    ...whole,
    retraining: { ...samplePolicy.retraining, modelOutput },
  });

  test.each([
    { why: "more characters", patterns: ["rain-*", "rain*"], model: "rain-max", wins: "rain-*" },
    {
      why: "more characters, though fewer stars",
      patterns: ["rain-*", "r*a*i*"],
      model: "rain-max",
      wins: "rain-*",
    },
    { why: "the whole name", patterns: ["rain", "rain*"], model: "rain", wins: "rain" },
    { why: "the whole name, though empty of stars", patterns: ["r", "*r*"], model: "r", wins: "r" },
  ])("$why: $wins", ({ patterns, model, wins }) => {
    for (const order of [patterns, patterns.toReversed()]) {
      const models = Object.fromEntries(order.map((pattern) => [pattern, named(pattern)]));
      expect(load({ models }).for(model)?.policy.retraining.modelOutput).toBe(wins);
    }
  });
});

describe("layers", () => {
  test("need neither defaults nor scenarios", () => {
    expect(load({ models: { m: whole } }).for("m")?.policy).toEqual(samplePolicy);
    const other = { scenarios: { vision: { retraining: { enabled: false } } }, models: { m: whole } };
    expect(load(other).for("m")?.policy).toEqual(samplePolicy);
  });

  test("say of each value which of them wrote it", () => {
    const document = {
      defaults: sample,
      scenarios: { classical: { retraining: { coolDown: "PT7S" } } },
      models: { m: { scenario: "classical", rollout: { bake: "PT9S" } } },
    };
    const found = load(document).for("m");
    expect(found?.policy).toMatchObject({ retraining: { coolDown: "PT7S" }, rollout: { bake: "PT9S" } });
    const at = (words: string) => ({ file: "p.yaml", line: lineOf(document, words) });
    expect(found?.sources["retraining.coolDown"]).toEqual(at('"coolDown": "PT7S"'));
    expect(found?.sources["rollout.bake"]).toEqual(at('"bake": "PT9S"'));
    expect(found?.sources["retraining.dataAsset"]).toEqual(at('"dataAsset"'));
    expect(found?.sources["incidents.window"]).toEqual(at('"window": "PT1H"'));
  });

  test("replace lists and values, and merge objects, whatever was below", () => {
    const smoke = (request: unknown) => ({ staging: { checks: { smoke: { request } } } });
    const of = (below: unknown, above: unknown) => {
      const { staging } = samplePolicy;
      const { checks } = staging;
      const defaults = {
        ...sample,
        staging: { ...staging, checks: { ...checks, smoke: { ...checks.smoke, request: below } } },
      };
      const models = { m: { scenario: "classical", ...smoke(above) } };
      return load({ defaults, models }).for("m")?.policy.staging.checks.smoke.request;
    };
    expect(of({ a: 1, b: 2 }, { b: 3 })).toEqual({ a: 1, b: 3 });
    expect(of([1, 2], { b: 3 })).toEqual({ b: 3 });
    expect(of({ a: 1 }, [3])).toEqual([3]);
    expect(of("text", { b: 3 })).toEqual({ b: 3 });
  });
});

describe("a book keeps what it merged ready", () => {
  const book = load({ models: { "*": whole } });

  test("for a thousand models, and begins anew with the next", () => {
    const first = book.for("m");
    for (let index = 1; index < 1_000; index += 1) book.for(`m-${index}`);
    expect(book.for("m")).toBe(first);
    book.for("m-1000");
    expect(book.for("m")).toEqual(first);
    expect(book.for("m")).not.toBe(first);
  });
});

describe("what is wrong is said in words, at its own line", () => {
  const frozen = (freeze: object) =>
    complaints((policy) => Object.assign(policy, { freezes: [{ reason: "r", ...freeze }] }));
  const christmas = { from: "2026-12-24T00:00:00Z", to: "2026-12-27T00:00:00Z" };

  test.each([
    {
      found: frozen({ ...christmas, from: "24 December" }),
      says: 'freezes.0.from: found "24 December", expected a date and time such as 2026-12-24T00:00:00Z',
    },
    {
      found: frozen({ ...christmas, timeZone: "Berlin" }),
      says: 'freezes.0.timeZone: found "Berlin", expected an IANA time zone such as Europe/Berlin',
    },
    {
      found: complaints((policy) => Object.assign(policy, { cost: { currency: "euro" } })),
      says: 'cost.currency: found "euro", expected a currency such as EUR',
    },
    {
      found: complaints((policy) => Object.assign(policy.rollout ?? {}, { instanceCount: 51 })),
      says: "rollout.instanceCount: found 51, expected number to be <=50",
    },
    {
      found: complaints((policy) => Object.assign(policy.rollout ?? {}, { steps: [0, 100] })),
      says: "rollout.steps.0: found 0, expected number to be >=1",
    },
    {
      found: complaints((policy) => Object.assign(policy.drift ?? {}, { importance: { wind: 2 } })),
      says: "drift.importance.wind: found 2, expected number to be <=1",
    },
    {
      found: complaints((policy) => {
        policy.approval = { ...policy.approval, approvers: [{ mail: "a@example.com", persona: "p" }] };
      }),
      says: "approval.approvers.0.mail: found an unknown field, expected 'email'",
    },
    {
      found: complaints((policy) => {
        policy.approval = {
          ...policy.approval,
          approvers: [{ email: "a@example.com", persona: "p", phone: 1 }],
        };
      }),
      says: "approval.approvers.0.phone: found an unknown field, expected one of email, persona",
    },
  ])("$says", ({ found, says }) => {
    expect(found.map((line) => line.replace(/^p\.yaml:\d+: models\.m[.:] ?/, ""))).toContain(says);
  });

  test("what no layer says, and any JSON would do for, is a value that is missing", () => {
    const { request: _request, ...rest } = samplePolicy.staging.checks.smoke;
    const found = complaints((policy) => {
      policy.staging = { ...policy.staging, checks: { ...samplePolicy.staging.checks, smoke: rest } };
    });
    expect(found).toEqual([
      expect.stringMatching(/ models\.m: staging\.checks\.smoke\.request: found nothing, expected a value$/),
    ]);
  });

  test("a contradiction inside a list is at the line of the list", () => {
    const freezes = [{ ...christmas, to: "2026-12-23T00:00:00Z", reason: "r" }];
    const document = { models: { m: { ...whole, freezes } } };
    expect(() => load(document)).toThrow(
      `p.yaml:${lineOf(document, '"freezes"')}: models.m: freezes.0.to: found`,
    );
  });
});

describe("an unknown field is told the nearest right name, where one is near enough", () => {
  const expectedOf = (key: string) =>
    complaints((policy) => Object.assign(policy.retraining ?? {}, { [key]: 1 }))[0]?.split("expected ")[1];
  const all = "one of enabled, dataAsset, job, modelOutput, coolDown, quota, loopGuard";

  test.each([
    { key: "jobs", expected: "'job'" },
    { key: "jo", expected: "'job'" },
    // Two letters off: as far as a short name may be.
    { key: "qoata", expected: "'quota'" },
    { key: "jabs", expected: "'job'" },
    { key: "xabs", expected: all },
    // A third of its letters off, and not one more.
    { key: "modelxxxput", expected: "'modelOutput'" },
    { key: "modxxxxxput", expected: all },
  ])("$key: $expected", ({ key, expected }) => {
    expect(expectedOf(key)).toBe(expected);
  });

  test("at the top of the file and for scenarios too", () => {
    expect(complaints(() => {}, { default: {} })).toEqual([
      expect.stringContaining("default: found an unknown field, expected 'defaults'"),
    ]);
    expect(complaints(() => {}, { scenarios: { visions: {} } })).toEqual([
      expect.stringContaining("scenarios.visions: found an unknown field, expected 'vision'"),
    ]);
  });
});

test("costs are in EUR and without estimates unless the policy says otherwise", () => {
  const { cost: _cost, ...without } = whole;
  expect(load({ models: { m: without } }).for("m")?.policy.cost).toEqual({ currency: "EUR", estimates: {} });
  const some = { ...without, cost: { approvalAbove: 1 } };
  expect(load({ models: { m: some } }).for("m")?.policy.cost).toEqual({
    currency: "EUR",
    estimates: {},
    approvalAbove: 1,
  });
});
