import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { run, temporaryFile } from "./run.ts";
import { weekOfSignals } from "./weeks.ts";

const policyText = readFileSync("policy.yaml", "utf8");
const inbox = (text = weekOfSignals()) => temporaryFile("inbox.jsonl", text);
const stricter = () =>
  temporaryFile("stricter.yaml", policyText.replace("consecutiveBreaches: 1", "consecutiveBreaches: 2"));

describe("one policy", () => {
  const played = () => JSON.parse(run("backtest", inbox(), "--policy", "policy.yaml", "--json").out);

  test("counts what would have followed, altogether", () => {
    const { policy, differences } = played();
    // Retrains: both drifts of Monday and, of Wednesday's three, those of 6:00 and 12:00: that of 6:30 meets the first.
    // Approvals: four retrains and a registration end in one, the spent budget and the idle workspace ask too.
    expect(policy.total).toEqual({
      signals: 16,
      retrains: 4,
      promotions: 1,
      loopbacks: 1,
      incidents: 1,
      approvals: 7,
      notices: 1,
      heldBack: 1,
    });
    expect(policy.holds).toEqual({ "operation-under-way": 1 });
    const operation = "played:performance.degraded:2026-07-08T06:00:00.000Z";
    expect(policy.held).toEqual([
      {
        receivedAt: "2026-07-08T06:30:00.000Z",
        signalId: "performance.degraded:2026-07-08T06:30:00.000Z",
        kind: "performance.degraded",
        model: "weather-max",
        reaction: "retraining",
        heldBack: {
          hold: "operation-under-way",
          until: null,
          untilEvent: { event: "operation-end", operation, kind: "retraining" },
          liftedBy: `the end of operation ${operation} (retraining, since 2026-07-08T06:00:00.000Z)`,
        },
      },
    ]);
    expect(differences).toEqual([]);
  });

  test("says in words what was held back, until when, and what would lift it", () => {
    const { out } = run("backtest", inbox(), "--policy", "policy.yaml");
    expect(out.trimEnd().split("\n").slice(-3)).toEqual([
      "held back: operation-under-way 1",
      "  2026-07-08T06:30:00.000Z  performance.degraded of weather-max",
      "    retraining by operation-under-way until operation played:performance.degraded:2026-07-08T06:00:00.000Z ends; " +
        "lifted by the end of operation played:performance.degraded:2026-07-08T06:00:00.000Z (retraining, since 2026-07-08T06:00:00.000Z)",
    ]);
  });

  test("counts each day, in UTC", () => {
    const { policy } = played();
    expect(Object.keys(policy.days)).toEqual(
      ["06", "07", "08", "09", "10", "11", "12"].map((day) => `2026-07-${day}`),
    );
    expect(policy.days["2026-07-07"]).toMatchObject({ signals: 5, incidents: 1, retrains: 0 });
    expect(policy.days["2026-07-08"]).toMatchObject({ signals: 3, retrains: 2, heldBack: 1 });
  });

  test("counts the rules that decided", () => {
    expect(played().policy.rules).toMatchObject({
      "endpoint.slow/same-incident": 1,
      "budget.reached/last-tier": 1,
      "no-policy": 1,
    });
  });

  test("takes operations to last as long as it is told", () => {
    const longer = JSON.parse(
      run("backtest", inbox(), "--policy", "policy.yaml", "--takes", "PT12H1S", "--json").out,
    );
    // Monday's second drift, and Wednesday's second and third finding, meet a retraining under way.
    expect(longer.policy.total).toMatchObject({ retrains: 2, heldBack: 3 });
  });
});

describe("two policies", () => {
  test("are compared signal by signal", () => {
    const { code, out } = run(
      "backtest",
      inbox(),
      "--policy",
      "policy.yaml",
      "--against",
      stricter(),
      "--json",
    );
    expect(code).toBe(0);
    const { policy, against, differences, differenceCount } = JSON.parse(out);
    expect([policy.total.retrains, against.total.retrains]).toEqual([4, 2]);
    expect(differenceCount).toBe(differences.length);
    expect(differences[0]).toMatchObject({
      receivedAt: "2026-07-06T06:00:00.000Z",
      signalId: "drift.data:2026-07-06T06:00:00.000Z",
      kind: "drift.data",
      model: "weather-max",
      before: { reaction: "retraining", heldBack: null },
      after: {
        reaction: "retraining",
        heldBack: {
          hold: "consecutive-breaches",
          until: null,
          untilEvent: { event: "breaches", kind: "drift.data", more: 1 },
          liftedBy: "1 more breach of drift.data in a row",
        },
      },
    });
  });

  test("are shown in words", () => {
    const { out } = run("backtest", inbox(), "--policy", "policy.yaml", "--against", stricter());
    expect(out).toContain("Signals that the two answer differently: ");
    expect(out).toContain("before  retraining (drift.data/classical)");
    expect(out).toContain(
      "after   retraining, held back by consecutive-breaches until 1 more breach is reported (drift.data/classical)",
    );
  });

  test("that are the same have no differences", () => {
    const { out } = run("backtest", inbox(), "--policy", "policy.yaml", "--against", "policy.yaml", "--json");
    expect(JSON.parse(out).differenceCount).toBe(0);
  });
});

describe("the report", () => {
  test("is a page that needs nothing beside it", () => {
    const file = temporaryFile("report.html");
    expect(
      run("backtest", inbox(), "--policy", "policy.yaml", "--against", stricter(), "--report", file).code,
    ).toBe(0);
    const page = readFileSync(file, "utf8");
    expect(page.startsWith("<!doctype html>")).toBe(true);
    expect(page.match(/<svg /g)).toHaveLength(2);
    expect(page).toContain("2026-07-06: 2 retrains");
    expect(page).toContain(">consecutive-breaches until 1 more breach is reported</td>");
    expect(page).toContain(">1 more breach of drift.data in a row</td>");
    expect(page).not.toMatch(/<(script|link|img)|NaN|undefined/);
  });

  test("is a chart alone where its name ends in .svg", () => {
    const file = temporaryFile("report.svg");
    run("backtest", inbox(), "--policy", "policy.yaml", "--report", file);
    const chart = readFileSync(file, "utf8");
    expect(chart.startsWith('<svg xmlns="http://www.w3.org/2000/svg"')).toBe(true);
    expect(chart).toContain("2026-07-07: 1 incidents");
    expect(chart).not.toMatch(/NaN|undefined/);
  });

  test("of an empty inbox has no bars, and is a chart all the same", () => {
    const file = temporaryFile("report.svg");
    expect(run("backtest", inbox(""), "--policy", "policy.yaml", "--report", file).code).toBe(0);
    expect(readFileSync(file, "utf8")).not.toMatch(/NaN|undefined/);
  });
});

describe("an inbox", () => {
  test("is played in the order in which its signals came, whatever the order of its lines", () => {
    const backwards = inbox(weekOfSignals().split("\n").reverse().join("\n"));
    const { policy } = JSON.parse(run("backtest", backwards, "--policy", "policy.yaml", "--json").out);
    expect(policy.total).toMatchObject({ retrains: 4, incidents: 1 });
  });

  test("with lines that cannot be read uses the others, names these, and exits with 2", () => {
    const { code, out, err } = run(
      "backtest",
      inbox(`${weekOfSignals()}\n\nnonsense\n{"receivedAt":"2026-07-01T00:00:00Z"}\n`),
      "--policy",
      "policy.yaml",
    );
    expect(code).toBe(2);
    expect(out).toMatch(/^total +16 /m);
    expect(err).toMatch(/inbox\.jsonl:18: expected JSON/);
    expect(err).toMatch(/inbox\.jsonl:19: signal: /);
  });

  test("with two copies of a signal decides it once", () => {
    const { policy } = JSON.parse(
      run("backtest", inbox(`${weekOfSignals()}\n${weekOfSignals()}`), "--policy", "policy.yaml", "--json")
        .out,
    );
    expect(policy.total).toMatchObject({ signals: 32, retrains: 4 });
    expect(policy.holds.duplicate).toBe(16);
  });
});

test.each([
  { name: "no inbox", args: ["--policy", "policy.yaml"] },
  { name: "no policy", args: ["inbox.jsonl"] },
  { name: "an inbox that is not there", args: ["missing.jsonl", "--policy", "policy.yaml"] },
  { name: "a policy that is not there", args: ["missing.jsonl", "--policy", "missing.yaml"] },
  { name: "no duration", args: ["missing.jsonl", "--policy", "policy.yaml", "--takes", "1h"] },
  {
    name: "a report of no known kind",
    args: ["missing.jsonl", "--policy", "policy.yaml", "--report", "r.pdf"],
  },
  { name: "an unknown option", args: ["missing.jsonl", "--polcy", "policy.yaml"] },
])("$name is a mistake in usage, and says what to change", ({ args }) => {
  const { code, err } = run("backtest", ...args);
  expect(code).toBe(1);
  expect(err).not.toBe("");
  expect(err).not.toContain("    at ");
});
