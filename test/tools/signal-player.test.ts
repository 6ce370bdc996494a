import { expect, test } from "vitest";
import { ModelState } from "../../shared/models/state.ts";
import { loadPolicy } from "../../shared/policy/load.ts";
import { SignalPlayer } from "../../tools/signal-player.ts";
import { samplePolicy } from "../policy-sample.ts";
import { now, signalOf } from "../shared/policy/given.ts";

const policies = loadPolicy(
  JSON.stringify({
    version: 1,
    models: { weather: samplePolicy, tide: samplePolicy, "rain-*": samplePolicy },
  }),
  "p.yaml",
);
const champion = (model: string, deployment: string) =>
  ModelState.parse({ model, champion: { version: "1", deployment, since: "2026-07-01T00:00:00Z" } });

/** Whether a policy has a say in an endpoint's alert, and which rule decides it. */
function decidedFor(subject: object, states: readonly ModelState[] = []) {
  const player = new SignalPlayer(policies, 0, states);
  const { decision, effective } = player.play(signalOf("endpoint.slow", { subject }), now);
  return { policy: effective !== null, rule: decision.rule };
}

test.each(["production", "PRODUCTION", "Production"])(
  "an alert about the endpoint %s is the affair of the model that the policy puts behind it",
  (endpoint) => {
    expect(decidedFor({ endpoint })).toEqual({ policy: true, rule: "endpoint.slow/classical" });
  },
);

test("an alert about another endpoint is nobody's", () => {
  expect(decidedFor({ endpoint: "shop" })).toEqual({ policy: false, rule: "endpoint.slow" });
});

test("of several models behind one endpoint, the alert is about the one whose champion is the deployment", () => {
  const states = [champion("weather", "blue"), champion("tide", "green")];
  const player = new SignalPlayer(policies, Number.POSITIVE_INFINITY, states);
  const slow = (id: string, deployment: string) =>
    player.play(signalOf("endpoint.slow", { id, subject: { endpoint: "production", deployment } }), now)
      .decision;
  expect(slow("1", "green")).toMatchObject({ rule: "endpoint.slow/classical", incident: "1" });
  // Another model's incident, not the same one: it has a state of its own.
  expect(slow("2", "BLUE")).toMatchObject({ rule: "endpoint.slow/classical", incident: "2" });
  expect(slow("3", "GREEN")).toMatchObject({ rule: "endpoint.slow/classical/same-incident", incident: "1" });
});

test("what is spelled in two cases is one subject with one incident", () => {
  const player = new SignalPlayer(policies, Number.POSITIVE_INFINITY);
  const violated = (id: string, resource: string) =>
    player.play(signalOf("policy.violated", { id, subject: { resource } }), now).decision.incident;
  expect(violated("1", "/SUBSCRIPTIONS/S/RESOURCEGROUPS/G")).toBe("1");
  expect(violated("2", "/subscriptions/s/resourceGroups/g")).toBe("1");
  expect(violated("3", "/subscriptions/s/resourceGroups/h")).toBe("3");
});
