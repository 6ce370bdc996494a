import type { OrchestrationContext } from "durable-functions";
import type { TrafficSplit } from "../../shared/azure/online-endpoints.ts";
import { durationMs } from "../../shared/duration.ts";
import { deploymentName } from "../../shared/operations/instance-id.ts";
import { call, eventBefore, orchestration, type Steps } from "../durable.ts";
import { messageOf } from "../operation.ts";
import { deploy, endpointReady, settledEndpoint } from "../steps/deploy.ts";
import { deleteDeployment } from "../steps/deployment-activities.ts";
import { recordStep } from "../steps/record-activities.ts";
import { inWords, readStepTraffic, setTraffic } from "./activities.ts";
import { judgeStep } from "./judge.ts";
import { isServing, moveTraffic } from "./traffic.ts";
import { ROLLBACK_EVENT, Rollback, RolloutInput, RolloutOutcome } from "./types.ts";

/** A step that too few requests judged is watched again, so many bakes in all. */
const MOST_BAKES = 4;

/** Moves an endpoint's traffic to a new deployment in steps, and all of it back at any breach. */
export const rollout = orchestration("rollout", RolloutInput, RolloutOutcome, function* (context, input) {
  const { endpoint } = input.policy;
  const deployment = deploymentName("version", input.version);
  yield* endpointReady(context, endpoint);
  const { traffic: before } = yield* settledEndpoint(context, endpoint);
  let breach: string | null;
  try {
    breach = yield* climb(context, input, deployment, before);
  } catch (error) {
    breach = `a step failed: ${messageOf(error)}`;
  }
  if (breach === null) return { outcome: "promoted", because: null, deployment, before } as const;

  yield* shift(context, endpoint, before);
  yield* call(context, recordStep, {
    ...about(input),
    step: "rolled-back",
    summary: `Traffic of ${endpoint} went back to ${inWords(before)}: ${breach}.`,
    evidence: {},
  });
  yield* call(context, deleteDeployment, { endpoint, deployment });
  return { outcome: "rolled-back", because: breach, deployment, before } as const;
});

/** Deploys beside the old, then moves the traffic step by step. Null when all steps held, else what went wrong. */
function* climb(
  context: OrchestrationContext,
  input: RolloutInput,
  deployment: string,
  before: TrafficSplit,
): Steps<string | null> {
  const { operation, model, version, policy } = input;
  const { endpoint, instanceType, instanceCount } = policy;
  context.df.setCustomStatus(`Deploying version ${version} of ${model} on ${endpoint}.`);
  const wanted = { operation, endpoint, deployment, model, version, instanceType, instanceCount };
  const state = yield* deploy(context, wanted);
  if (state !== "Succeeded") return `deployment ${deployment} ended as ${state}`;

  // Where nothing serves there is nothing to share the traffic with.
  const steps = isServing(before) ? policy.steps : [100];
  for (const percent of steps) {
    const startedAt = context.df.currentUtcDateTime;
    yield* shift(context, endpoint, moveTraffic(before, deployment, percent));
    const breach = yield* bake(context, input, deployment, percent, startedAt);
    if (breach !== null) return breach;
  }
  return null;
}

/** Watches one step. Null when it held. */
function* bake(
  context: OrchestrationContext,
  input: RolloutInput,
  deployment: string,
  percent: number,
  startedAt: Date,
): Steps<string | null> {
  const { endpoint, limits } = input.policy;
  const step = `${percent} % of the traffic`;
  let reason = "";
  for (let bakes = 1; bakes <= MOST_BAKES; bakes += 1) {
    const until = new Date(context.df.currentUtcDateTime.getTime() + durationMs(input.policy.bake));
    context.df.setCustomStatus(
      `Version ${input.version} of ${input.model} serves ${step}, watched until ${until.toISOString()}.`,
    );
    const calledBack = yield* eventBefore(context, ROLLBACK_EVENT, until);
    if (calledBack) return Rollback.parse(calledBack.data).because;
    const from = startedAt.toISOString();
    const traffic = yield* call(context, readStepTraffic, { endpoint, deployment, from });
    const verdict = judgeStep(traffic, limits);
    reason = verdict.reason;
    if (verdict.word === "unclear") continue;
    yield* call(context, recordStep, {
      ...about(input),
      step: `traffic-${percent}`,
      summary: `Version ${input.version} served ${step}: ${verdict.reason}.`,
      evidence: { ...traffic },
    });
    return verdict.word === "breach" ? `at ${step}, ${verdict.reason}` : null;
  }
  return `at ${step}, ${reason}, after ${MOST_BAKES} bakes`;
}

/** Sets the split and waits until the endpoint has taken it. */
function* shift(context: OrchestrationContext, endpoint: string, traffic: TrafficSplit): Steps<void> {
  yield* call(context, setTraffic, { endpoint, traffic: { ...traffic } });
  yield* settledEndpoint(context, endpoint);
}

const about = ({ operation, model, version }: RolloutInput) => ({ operation, model, version });
