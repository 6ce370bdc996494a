import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Decision } from "../../shared/policy/decision.ts";
import { Signal } from "../../shared/signals/signal.ts";
import { run, temporaryFile } from "./run.ts";

const events = "test/fixtures/events";
const registered = `${events}/eventgrid-ml-model-registered.json`;
const policyLines = readFileSync("policy.yaml", "utf8").split("\n");
const lineOf = (words: string) => policyLines.findIndex((line) => line.includes(words)) + 1;

/** An event about weather-max, which has a policy. */
function weather(type: string, data: object): string {
  const event = {
    id: "1",
    topic: "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w",
    subject: "models/weather-max:3",
    eventType: `Microsoft.MachineLearningServices.${type}`,
    eventTime: "2026-07-01T11:59:00Z",
    data,
  };
  return temporaryFile("event.json", JSON.stringify(event));
}

const drift = () =>
  weather("RunStatusChanged", {
    runId: "run-1",
    runStatus: "Completed",
    runTags: {
      model_name: "weather-max",
      azureml_modelmonitor_threshold_breached:
        "The signal 'drift' has failed due to one or more features violating metric thresholds.\n" +
        `The feature names are \n['{"group": "temp_min", "metric_name": "NormalizedWassersteinDistance", "metric_value": 0.41, "threshold_value": 0.1}']\n`,
    },
  });

describe("in words", () => {
  test("says outcome, reaction, rule with line of the policy, reason and what holds it back", () => {
    const { code, out } = run("explain", drift(), "--at", "2026-07-01T12:00:00Z");
    expect(code).toBe(0);
    expect(out.split("\n").map((line) => line.replace(/breach:[0-9a-f]+/, "ID"))).toEqual([
      "door       model-events",
      "outcome    signal, by rule ml/run-status-changed/breach",
      "",
      "signal     drift.data raised, severity 2, id ID",
      `reaction   retraining, by rule drift.data/classical (policy.yaml:${lineOf("scenario: classical")} scenario)`,
      "because    Model weather-max gets data that has drifted (NormalizedWassersteinDistance of temp_min 0.41, limit 0.1), so it is retrained on new production data.",
      "triage     suspected: no truths say whether its predictions suffer",
      "held back  by nothing",
      "",
    ]);
  });

  test("says which value at which line of the policy holds it back, until when, and what lifts it", () => {
    const state = temporaryFile(
      "state.json",
      JSON.stringify({ model: "weather-max", lastRetrainedAt: "2026-07-01T11:59:50Z" }),
    );
    const { out } = run("explain", drift(), "--state", state, "--at", "2026-07-01T12:00:00Z");
    expect(out).toContain(
      `held back  by cool-down until 2026-07-01T12:00:20.000Z (policy.yaml:${lineOf("coolDown: PT30S")} retraining.coolDown); lifted by the end of the cool-down of PT30S after the last retraining`,
    );
  });

  test("says so where a value is the schema's own", () => {
    const policy = temporaryFile("p.yaml", policyLines.join("\n"));
    const state = {
      model: "weather-max",
      incident: {
        id: "i",
        openedAt: "2026-07-01T11:00:00Z",
        lastAt: "2026-07-01T11:59:00Z",
        concerns: [],
        signals: 1,
      },
    };
    const file = temporaryFile("state.json", JSON.stringify({ value: [state] }));
    const failing = temporaryFile(
      "alert.json",
      readFileSync(
        `${events}/alert-common-metric-multi-dimension-ml-endpoint-fired-derived.json`,
        "utf8",
      ).replace(
        /"customProperties":\s*(null|\{[^}]*\})/,
        '"customProperties": {"outerloop.model": "weather-max"}',
      ),
    );
    const { out, code } = run(
      "explain",
      failing,
      "--policy",
      policy,
      "--state",
      file,
      "--at",
      "2026-07-01T12:00:00Z",
    );
    expect(code).toBe(0);
    expect(out).toMatch(
      /same-incident \((p\.yaml|.*\/p\.yaml:\d+ incidents\.window|incidents\.window, as the policy's schema has it)\)/,
    );
    expect(out).toContain("incident   i");
  });

  test("says that no pattern matches a model, by file", () => {
    expect(run("explain", registered).out).toContain("(no pattern below 'models' in policy.yaml matches)");
  });
});

describe("as JSON", () => {
  test("gives outcome, signals and decisions as the product has them, and nothing else", () => {
    const { code, out } = run("explain", drift(), "--json");
    expect(code).toBe(0);
    const body = JSON.parse(out);
    expect(Object.keys(body)).toEqual(["outcome", "rule", "reason", "field", "signals", "decisions"]);
    expect(body).toMatchObject({ outcome: "signal", reason: null, field: null });
    expect(Signal.parse(body.signals[0])).toEqual(body.signals[0]);
    expect(Decision.parse(body.decisions[0])).toEqual(body.decisions[0]);
  });

  test("decides each event of a delivery, one after another", () => {
    const one = JSON.parse(readFileSync(registered, "utf8"));
    const event = Array.isArray(one) ? one[0] : one;
    const both = temporaryFile("two.json", JSON.stringify([event, { ...event, id: "another" }, event]));
    const { decisions } = JSON.parse(run("explain", both, "--json").out);
    expect(decisions.map((decision: Decision) => decision.heldBack?.hold ?? null)).toEqual([
      null,
      null,
      "duplicate",
    ]);
  });
});

describe("the exit code", () => {
  test.each([
    { name: "a signal", args: [registered], code: 0 },
    { name: "a handshake", args: [`${events}/eventgrid-subscription-validation.json`], code: 0 },
    { name: "something ignored", args: [`${events}/eventgrid-acr-image-pushed.json`], code: 0 },
    { name: "something rejected", args: [`${events}/acr-webhook-push.json`], code: 2 },
    { name: "a payload at a door that does not take it", args: [registered, "--door", "budget"], code: 2 },
    { name: "what is no JSON", args: ["policy.yaml"], code: 2 },
    { name: "no file", args: [], code: 1 },
    { name: "two files", args: [registered, registered], code: 1 },
    { name: "a file that is not there", args: ["missing.json"], code: 1 },
    { name: "an unknown option", args: [registered, "--polices", "x"], code: 1 },
    { name: "an unknown door", args: [registered, "--door", "window"], code: 1 },
    { name: "no time", args: [registered, "--at", "soon"], code: 1 },
    { name: "a policy that is not there", args: [registered, "--policy", "missing.yaml"], code: 1 },
    { name: "a state that is no state", args: [registered, "--state", registered], code: 1 },
  ])("of $name is $code", ({ args, code }) => {
    const ran = run("explain", ...args);
    expect(ran.code).toBe(code);
    expect(code === 1 ? ran.err : ran.out).not.toBe("");
    expect(ran.err).not.toContain("    at ");
  });

  test("of a policy with mistakes is 1, and all of them are named", () => {
    const policy = temporaryFile(
      "p.yaml",
      policyLines
        .join("\n")
        .replace("coolDown: PT30S", "coolDwon: PT30S")
        .replace("loopGuard: 5", "loopGuard: many")
        .replace("scenario: classical", "scenario: tabular"),
    );
    const { code, err } = run("explain", registered, "--policy", policy);
    expect(code).toBe(1);
    expect(err.split("\n").slice(0, 4)).toEqual([
      "The policy cannot be used (3 to mend):",
      expect.stringContaining('scenario: found "tabular", expected one of classical, vision, language'),
      expect.stringContaining("coolDwon: found an unknown field, expected 'coolDown'"),
      expect.stringContaining('loopGuard: found "many", expected a value of type number'),
    ]);
  });
});
