import { describe, expect, test } from "vitest";
import { inconsistencies } from "../../../shared/policy/consistency.ts";
import { freezeAt } from "../../../shared/policy/freeze.ts";
import { loadPolicy, PolicyError } from "../../../shared/policy/load.ts";
import type { ModelPolicy } from "../../../shared/policy/schema.ts";
import { policyText, policyWith } from "./given.ts";

const wrong = (change: (policy: ModelPolicy) => void) => inconsistencies(policyWith(change).policy);

function complaints(text: string): string[] {
  try {
    loadPolicy(text, "p.yaml");
  } catch (error) {
    if (error instanceof PolicyError) return error.message.split("\n").slice(1);
    throw error;
  }
  return [];
}

const lineOf = (text: string, words: string) =>
  text.split("\n").findIndex((line) => line.includes(words)) + 1;

describe("values that make no sense beside each other", () => {
  test.each([
    { outOf: 2, times: 3, found: true },
    { outOf: 3, times: 3, found: false },
    { outOf: undefined, times: 3, found: false },
  ])("$times breaches of $outOf reports: $found", ({ outOf, times, found }) => {
    const all = wrong((policy) => {
      policy.drift.consecutiveBreaches = times;
      if (outOf !== undefined) policy.drift.outOf = outOf;
    });
    const expected = { path: "drift.outOf", found: "2", expected: "at least drift.consecutiveBreaches, 3" };
    expect(all).toEqual(found ? [expected] : []);
  });

  test.each([
    { steps: [100], sound: true },
    { steps: [10, 10, 100], sound: false },
    { steps: [20, 10, 100], sound: false },
    { steps: [10, 99], sound: false },
  ])("steps $steps are sound: $sound", ({ steps, sound }) => {
    const all = wrong((policy) => {
      policy.rollout.steps = steps;
    });
    expect(all.length === 0).toBe(sound);
  });

  test("a quorum matters where people approve, and nowhere else", () => {
    const all = wrong((policy) => {
      policy.approval.gate = "automatic";
      policy.approval.quorum = 9;
    });
    expect(all).toEqual([]);
  });

  test.each([
    { approvalAbove: 20, approvers: 0, found: true },
    { approvalAbove: 20, approvers: 1, found: false },
    { approvalAbove: undefined, approvers: 0, found: false },
  ])("costs above $approvalAbove are asked of $approvers approvers: $found", (row) => {
    const all = wrong((policy) => {
      policy.approval.gate = "automatic";
      policy.approval.approvers = policy.approval.approvers.slice(0, row.approvers);
      policy.cost = {
        currency: "EUR",
        estimates: {},
        ...(row.approvalAbove === undefined ? {} : { approvalAbove: row.approvalAbove }),
      };
    });
    const expected = "at least one approver, whom cost.approvalAbove has asked";
    expect(all).toEqual(row.found ? [{ path: "approval.approvers", found: "none", expected }] : []);
  });

  const freeze = (from: string, to: string, timeZone?: string) =>
    wrong((policy) => {
      policy.freezes = [{ from, to, reason: "r", ...(timeZone === undefined ? {} : { timeZone }) }];
    });

  test("a freeze without offset and time zone is vague, at both ends", () => {
    const expected = "an offset such as Z or +02:00, or a timeZone beside it";
    expect(freeze("2026-12-24T00:00:00", "2026-12-27T00:00:00")).toEqual([
      { path: "freezes.0.from", found: "2026-12-24T00:00:00", expected },
      { path: "freezes.0.to", found: "2026-12-27T00:00:00", expected },
    ]);
    expect(freeze("2026-12-24T00:00:00Z", "2026-12-27T00:00:00")).toEqual([
      { path: "freezes.0.to", found: "2026-12-27T00:00:00", expected },
    ]);
  });

  test("a freeze ends after it starts, by its own clocks", () => {
    expect(freeze("2026-12-24T00:00:00Z", "2026-12-24T00:00:00Z")).toHaveLength(1);
    expect(freeze("2026-12-24T00:00:00Z", "2026-12-24T00:00:01Z")).toEqual([]);
    expect(freeze("2026-12-24T00:00:00", "2026-12-27T00:00:00", "Europe/Berlin")).toEqual([]);
    // Berlin's midnight is an hour before that of UTC.
    expect(freeze("2026-12-24T00:30:00Z", "2026-12-24T01:00:00", "Europe/Berlin")).toHaveLength(1);
  });
});

test("of several freezes the one that ends last is named", () => {
  const freezes = ["02", "04", "03"].map((day) => ({
    from: "2026-07-01T00:00:00Z",
    to: `2026-07-${day}T00:00:00Z`,
    reason: day,
  }));
  expect(freezeAt(freezes, new Date("2026-07-01T12:00:00Z"))?.reason).toBe("04");
  expect(freezeAt(freezes, new Date("2026-07-05T12:00:00Z"))).toBeUndefined();
});

describe("mistakes are named with file and line", () => {
  test.each([
    {
      from: "    dataAsset: weather-observations",
      to: "    dataAset: weather-observations",
      says: ["retraining.dataAset: found an unknown field, expected 'dataAsset'"],
    },
    {
      from: "    dataAsset: weather-observations",
      to: "    somethingQuiteDifferent: 1",
      says: [
        "retraining.somethingQuiteDifferent: found an unknown field, expected one of enabled, dataAsset, job,",
      ],
    },
    {
      from: "    coolDown: PT30S",
      to: "    coolDown: 30",
      says: ["retraining.coolDown: found 30, expected a value of type string"],
    },
    {
      from: "        - email: ml-approver@example.com",
      to: "        - email: nobody",
      says: ['approval.approvers.0.email: found "nobody", expected an e-mail address'],
    },
    {
      from: "    instanceType: Standard_DS3_v2",
      to: '    instanceType: ""',
      says: ['rollout.instanceType: found "", expected string to have >=1 characters'],
    },
  ])("$to", ({ from, to, says }) => {
    const text = policyText.replace(from.trim(), to.trim());
    const found = complaints(text);
    expect(found).toHaveLength(says.length);
    says.forEach((words, index) => {
      expect(found[index]).toContain(words);
      expect(found[index]?.startsWith(`p.yaml:${lineOf(text, to.trim())}: models.weather-max.`)).toBe(true);
    });
  });

  test("an approver's mistake is on the approver's own line", () => {
    const text = policyText.replace("persona: model-tester", 'persona: ""');
    expect(complaints(text)[0]).toContain(`p.yaml:${lineOf(text, 'persona: ""')}: `);
  });

  test("a contradiction is at the line of the value that a layer wrote", () => {
    const text = policyText.replace("steps: [10, 50, 100]", "steps: [10, 50]");
    expect(complaints(text)).toEqual([
      `p.yaml:${lineOf(text, "steps: [10, 50]")}: models.weather-max: rollout.steps: found [10,50], expected rising percentages, the last one 100`,
    ]);
  });

  test("what is missing is at the line of the model's own pattern", () => {
    const text = policyText.replace("      dataAsset: weather-observations\n", "");
    expect(complaints(text)).toEqual([
      `p.yaml:${lineOf(text, "weather-max:")}: models.weather-max: retraining.dataAsset: found nothing, expected a value of type string`,
    ]);
  });

  test("YAML that cannot be read is named by its line, and nothing else is looked at", () => {
    expect(complaints("version: 1\nmodels: {}\nversion: 1\n")).toEqual([
      "p.yaml:3: (the document): found Map keys must be unique at line 3, column 1:, expected YAML 1.2",
    ]);
  });

  test("the error carries them for programs too, in order of line", () => {
    try {
      loadPolicy("version: 2\nmodels: {}\nbogus: 1\n", "p.yaml");
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        name: "PolicyError",
        details: {
          file: "p.yaml",
          problems: [
            { line: 1, path: "version" },
            { line: 3, path: "bogus" },
          ],
        },
      });
    }
  });
});

describe("a policy book", () => {
  test("gives the same answer again, for models with and without a policy", () => {
    const book = loadPolicy(policyText, "policy.yaml");
    expect(book.for("weather-max")).toBe(book.for("weather-max"));
    expect([book.for("stranger"), book.for("stranger")]).toEqual([null, null]);
  });

  test("keeps answering while a thousand names and more pass by", () => {
    const book = loadPolicy(policyText, "policy.yaml");
    const before = book.for("weather-max");
    for (let index = 0; index < 1_100; index += 1) book.for(`stranger-${index}`);
    expect(book.for("weather-max")).toEqual(before);
  });

  test("complains for a model whose patterns contradict each other, naming it", () => {
    const rest = [
      "    scenario: classical",
      "    retraining: { dataAsset: d, job: { experiment: e, command: c, environmentId: v } }",
      "    staging: { endpoint: abc, evaluation: { experiment: e, command: c, environmentId: v }, checks: { smoke: { request: {} }, quality: { metric: m, maximum: 1, tolerance: 0, unit: u, minimumSample: 1 } } }",
      "    rollout: { endpoint: abc, instanceType: t }",
    ];
    const one = "{ email: a@example.com, persona: p }";
    const text = [
      policyText.trimEnd(),
      '  "tide-*":',
      ...rest,
      `    approval: { approvers: [${one}, ${one}], quorum: 2 }`,
      '  "*-overnight":',
      ...rest,
      `    approval: { approvers: [${one}] }`,
    ].join("\n");
    const book = loadPolicy(text, "p.yaml");
    expect(book.patterns).toEqual(["weather-max", "digits", "support-desk", "tide-*", "*-overnight"]);
    expect(book.for("tide-x")?.policy.approval.quorum).toBe(2);
    expect(book.for("wind-overnight")?.policy.approval.quorum).toBe(1);
    // Two of `tide-*` are to agree, of whom `*-overnight` leaves one.
    expect(() => book.for("tide-overnight")).toThrow(
      "models.tide-overnight: approval.quorum: found 2, expected at most the number of approvers, 1",
    );
  });
});
