import type { OrchestrationContext } from "durable-functions";
import { judgeSmoke } from "../../shared/checks/smoke.ts";
import { Verdict } from "../../shared/checks/verdict.ts";
import { deploymentName } from "../../shared/operations/instance-id.ts";
import { call, orchestration, type Steps } from "../durable.ts";
import { messageOf } from "../operation.ts";
import { deploy, endpointReady } from "../steps/deploy.ts";
import { deleteDeployment } from "../steps/deployment-activities.ts";
import { sendSmokeRequests } from "./activities.ts";
import { CheckInput } from "./types.ts";

/** Deploys the candidate on the staging endpoint, asks it, and removes it whatever happens. Never throws. */
export const smokeCheck = orchestration("smokeCheck", CheckInput, Verdict, function* (context, input) {
  const { endpoint } = input.policy.staging;
  const deployment = deploymentName("test", input.version);
  let verdict: Verdict;
  try {
    verdict = yield* tryOut(context, input, deployment);
  } catch (error) {
    verdict = undecided(`The smoke test could not be carried out: ${messageOf(error)}`);
  }
  try {
    yield* call(context, deleteDeployment, { endpoint, deployment });
  } catch (error) {
    return undecided(`The test deployment ${deployment} could not be removed: ${messageOf(error)}`);
  }
  return verdict;
});

function* tryOut(context: OrchestrationContext, input: CheckInput, deployment: string): Steps<Verdict> {
  const { operation, model, version, policy } = input;
  const { endpoint, checks } = policy.staging;
  const { instanceType } = policy.rollout;
  const endpointState = yield* endpointReady(context, endpoint);
  if (endpointState !== "Succeeded") {
    return undecided(`The staging endpoint ${endpoint} is ${endpointState}, expected Succeeded.`);
  }
  const wanted = { operation, endpoint, deployment, model, version, instanceType, instanceCount: 1 };
  const state = yield* deploy(context, wanted);
  if (state !== "Succeeded") {
    return {
      ...undecided(`The test deployment ended as ${state}: the model does not serve.`),
      verdict: "failed",
    };
  }
  const { requests, request } = checks.smoke;
  const answers = yield* call(context, sendSmokeRequests, { endpoint, deployment, requests, request });
  return judgeSmoke(answers, checks.smoke);
}

function undecided(reason: string): Verdict {
  return { check: "smoke", verdict: "inconclusive", reason, figures: [], sampleSize: 0 };
}
