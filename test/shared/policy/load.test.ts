import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { matches } from "../../../shared/policy/layers.ts";
import { loadPolicy, PolicyError } from "../../../shared/policy/load.ts";
import { policyJsonSchema } from "../../../shared/policy/write-schema.ts";
import { policyText } from "./given.ts";

const load = (change: (text: string) => string) => loadPolicy(change(policyText), "policy.yaml");

function complaint(change: (text: string) => string): string {
  try {
    load(change);
  } catch (error) {
    if (error instanceof PolicyError) return error.message;
    throw error;
  }
  return "no complaint";
}

const lineOf = (text: string, words: string) =>
  text.split("\n").findIndex((line) => line.includes(words)) + 1;

describe("the shipped policy", () => {
  const weather = load((text) => text).for("weather-max");

  test("holds for weather-max, and for no model that it does not name", () => {
    expect(weather?.policy).toMatchObject({
      scenario: "classical",
      retraining: { dataAsset: "weather-observations", coolDown: "PT30S" },
      rollout: { steps: [10, 50, 100], bake: "PT10S", endpoint: "weather-max" },
      approval: { approvers: [{ email: "ml-approver@example.com", persona: "model-tester" }] },
    });
    expect(load((text) => text).for("stranger")).toBeNull();
  });

  test("says where each value was written", () => {
    expect(weather?.sources["retraining.coolDown"]).toEqual({
      file: "policy.yaml",
      line: lineOf(policyText, "coolDown: PT30S"),
    });
    expect(weather?.sources["retraining.modelOutput"]).toEqual({
      file: "policy.yaml",
      line: lineOf(policyText, "modelOutput: model"),
    });
  });

  test("has a JSON Schema for editors, and it is current", () => {
    const file = new URL("../../../policy.schema.json", import.meta.url);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(JSON.parse(JSON.stringify(policyJsonSchema())));
    expect(policyText.startsWith("# yaml-language-server: $schema=./policy.schema.json\n")).toBe(true);
  });
});

describe("layers", () => {
  const withPatterns = (patterns: string) => load((text) => `${text}\n${patterns}`);

  test("lay a model's own pattern over a wider one, over its scenario, over the defaults", () => {
    const book = withPatterns(
      [
        '  "*-max":',
        "    scenario: classical",
        "    retraining: { modelOutput: from-wide, coolDown: PT1S, dataAsset: d, job: { experiment: e, command: c, environmentId: v } }",
        "    staging: { endpoint: abc, evaluation: { experiment: e, command: c, environmentId: v }, checks: { smoke: { request: {} }, quality: { metric: m, maximum: 1, tolerance: 0, unit: u, minimumSample: 1 } } }",
        "    approval: { approvers: [{ email: a@example.com, persona: p }] }",
        "    rollout: { endpoint: abc, instanceType: t }",
      ].join("\n"),
    );
    const own = book.for("weather-max");
    expect(own?.policy.retraining).toMatchObject({ modelOutput: "from-wide", coolDown: "PT30S" });
    expect(book.for("wind-max")?.policy).toMatchObject({
      retraining: { coolDown: "PT1S" },
      rollout: { instanceCount: 2 },
    });
    expect(book.for("wind-max")?.digest).not.toBe(own?.digest);
  });

  test("give the same digest whatever the order of the fields", () => {
    const swapped = load((text) =>
      text
        .replace("      coolDown: PT30S\n", "")
        .replace("      loopGuard: 5\n", "      loopGuard: 5\n      coolDown: PT30S\n"),
    );
    expect(swapped.for("weather-max")?.digest).toBe(load((text) => text).for("weather-max")?.digest);
    expect(load((text) => text.replace("PT30S", "PT31S")).for("weather-max")?.digest).not.toBe(
      swapped.for("weather-max")?.digest,
    );
  });

  test.each([
    ["weather-*", "weather-max", true],
    ["*", "anything", true],
    ["weather-max", "weather-max2", false],
    ["*a*a*", "a", false],
    ["ab*ba", "aba", false],
    ["a.c", "abc", false],
    ["w*-*x", "weather-max", true],
    ["weather*", "weather", true],
    ["*weather", "weather", true],
    ["*a*", "a", true],
    ["a*b*b", "ab", false],
    ["a*b*b", "abb", true],
    ["*ab*ab*", "abab", true],
    ["*ab*ab*", "ab", false],
    ["*ab*ab*", "aba", false],
  ])("match %j with %j: %s", (pattern, model, expected) => {
    expect(matches(pattern, model)).toBe(expected);
  });
});

describe("mistakes", () => {
  test("are named all at once, each with line, path, what was found and what was expected", () => {
    const message = complaint((text) =>
      text
        .replace("coolDown: PT30S", "coolDwon: PT30S")
        .replace("loopGuard: 5", "loopGuard: many")
        .replace("scenario: classical", "scenario: tabular"),
    );
    expect(message.split("\n")).toEqual([
      "The policy cannot be used (3 to mend):",
      `policy.yaml:${lineOf(policyText, "scenario: classical")}: models.weather-max.scenario: found "tabular", expected one of classical, vision, language`,
      `policy.yaml:${lineOf(policyText, "coolDown: PT30S")}: models.weather-max.retraining.coolDwon: found an unknown field, expected 'coolDown'`,
      `policy.yaml:${lineOf(policyText, "loopGuard: 5")}: models.weather-max.retraining.loopGuard: found "many", expected a value of type number`,
    ]);
  });

  test.each([
    {
      change: ["steps: [10, 50, 100]", "steps: [50, 10, 100]"],
      says: "rollout.steps: found [50,10,100], expected rising percentages, the last one 100",
    },
    {
      change: ["steps: [10, 50, 100]", "steps: [10, 50]"],
      says: "rollout.steps: found [10,50], expected rising",
    },
    {
      change: ["quorum: 1", "quorum: 2"],
      says: "approval.quorum: found 2, expected at most the number of approvers, 1",
    },
    {
      change: ["remindAfter: PT1H", "remindAfter: P1D"],
      says: "approval.remindAfter: found P1D, expected less than approval.expireAfter, P1D",
    },
    {
      change: ["bake: PT10S", "bake: 10s"],
      says: 'rollout.bake: found "10s", expected an ISO 8601 duration such as P7D, PT12H or PT10S',
    },
    {
      change: ["      dataAsset: weather-observations\n", ""],
      says: "retraining.dataAsset: found nothing, expected a value of type string",
    },
    {
      change: ["    scenario: classical\n", ""],
      says: "models.weather-max.scenario: found nothing, expected one of classical, vision, language",
    },
    { change: ["version: 1", "version: 2"], says: "policy.yaml:8: version: found 2, expected 1" },
    {
      change: [
        "freezes: []",
        "freezes: [{ from: 2026-12-24T00:00:00Z, to: 2026-12-23T00:00:00Z, reason: holidays }]",
      ],
      says: "freezes.0.to: found 2026-12-23T00:00:00Z, expected a moment after its start",
    },
    { change: ["models:", "models: ["], says: "expected YAML 1.2" },
  ])("in $change.0 are explained", ({ change: [from = "", to = ""], says }) => {
    expect(complaint((text) => text.replace(from, to))).toContain(says);
  });

  test.each(["", "- a", "7", "models: {}", "a: &a [*a]", "__proto__: {}"])(
    "of a file that is %j are a PolicyError",
    (text) => {
      expect(() => loadPolicy(text, "policy.yaml")).toThrow(PolicyError);
    },
  );
});
