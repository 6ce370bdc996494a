import type { OrchestrationContext } from "durable-functions";
import type { DecisionPacket } from "../../shared/approvals/approval.ts";
import type { Evaluation } from "../../shared/checks/verdict.ts";
import { durationMs } from "../../shared/duration.ts";
import { deploymentName } from "../../shared/operations/instance-id.ts";
import { freezeAt } from "../../shared/policy/freeze.ts";
import { approval } from "../approval/orchestrator.ts";
import type { ApprovalAnswer } from "../approval/types.ts";
import { call, callSub, eventBefore, orchestration, type Steps, sleepUntil } from "../durable.ts";
import { messageOf, OperationOutcome } from "../operation.ts";
import { inWords, setTraffic } from "../rollout/activities.ts";
import { rollout } from "../rollout/orchestrator.ts";
import { ROLLBACK_EVENT, type RolloutOutcome } from "../rollout/types.ts";
import { stagingEvaluation } from "../staging-evaluation/orchestrator.ts";
import { deleteDeployment } from "../steps/deployment-activities.ts";
import { beginOperation, endOperation, recordStep } from "../steps/record-activities.ts";
import { myTurn } from "../steps/turn.ts";
import { notifyOutcome, readChampion, recordChampion } from "./activities.ts";
import { PromotionInput } from "./types.ts";

/** A registered version's way to production: staging, approval, rollout; the previous version stays warm for a while. */
export const promotion = orchestration(
  "promotion",
  PromotionInput,
  OperationOutcome,
  function* (context, input) {
    const { model, version, cause, parent, policy, policyDigest } = input;
    const operation = context.df.instanceId;
    const title = `version ${version} of ${model}`;
    yield* call(context, beginOperation, {
      operation,
      kind: "promotion",
      model,
      version,
      cause,
      parent,
      policyDigest,
      startedAt: context.df.currentUtcDateTime.toISOString(),
      sentence: `Promotion of ${title} began: ${cause.summary}`,
    });
    if (parent === null && !(yield* myTurn(context, model))) {
      context.df.continueAsNew(input);
      return { outcome: "waiting", sentence: `Promotion of ${title} waits for its turn.` };
    }

    let ended: OperationOutcome;
    try {
      ended = yield* promote(context, input);
    } catch (error) {
      ended = { outcome: "failed", sentence: `Promotion of ${title} failed: ${messageOf(error)}` };
    }
    context.df.setCustomStatus(ended.sentence);
    const endedAt = context.df.currentUtcDateTime.toISOString();
    yield* call(context, endOperation, { operation, kind: "promotion", model, endedAt, ...ended });
    yield* call(context, notifyOutcome, {
      operation,
      to: policy.approval.approvers.map(({ email }) => email),
      subject: `${model} version ${version}: ${ended.outcome}`,
      sentence: ended.sentence,
      facts: [
        ["Model", model],
        ["Version", version],
        ["Cause", cause.summary],
      ],
    });
    return ended;
  },
);

function* promote(context: OrchestrationContext, input: PromotionInput): Steps<OperationOutcome> {
  const { model, version } = input;
  const champion = (yield* call(context, readChampion, { model })).version;

  context.df.setCustomStatus(`Version ${version} of ${model} is being evaluated in staging.`);
  const evaluation = yield* evaluate(context, input, champion);
  if (!evaluation.passed) {
    const why = evaluation.verdicts
      .filter(({ verdict }) => verdict !== "passed")
      .map(({ check, verdict, reason }) => `${check} ${verdict}: ${reason}`);
    return {
      outcome: "failed-checks",
      sentence: `Version ${version} of ${model} did not pass staging. ${why.join(" ")}`,
    };
  }

  if (input.policy.approval.gate === "approval") {
    context.df.setCustomStatus(`Version ${version} of ${model} passed staging and waits for approval.`);
    const answer = yield* ask(context, input, evaluation, champion);
    if (answer.status !== "approved") {
      const names = answer.decisions
        .map(({ by, comment }) => (comment ? `${by}: ${comment}` : by))
        .join("; ");
      return {
        outcome: answer.status,
        sentence: `Version ${version} of ${model} was not approved: ${answer.status}${names && ` by ${names}`}.`,
      };
    }
  }
  yield* waitOutFreeze(context, input);
  return yield* rollOut(context, input, champion);
}

/** Nothing goes live in a freeze; one that begins where another ends is waited out, too. */
function* waitOutFreeze(
  context: OrchestrationContext,
  { model, version, policy }: PromotionInput,
): Steps<void> {
  for (;;) {
    const freeze = freezeAt(policy.freezes, context.df.currentUtcDateTime);
    if (!freeze) return;
    context.df.setCustomStatus(
      `Version ${version} of ${model} is ready, and waits for the end of the freeze (${freeze.reason}) at ${freeze.to}.`,
    );
    yield* sleepUntil(context, new Date(freeze.to));
  }
}

function* evaluate(
  context: OrchestrationContext,
  { model, version, policy }: PromotionInput,
  champion: string | null,
): Steps<Evaluation> {
  const operation = context.df.instanceId;
  const evaluation = yield* callSub(
    context,
    stagingEvaluation,
    { operation, model, version, champion, policy },
    `${operation}-evaluation`,
  );
  yield* call(context, recordStep, {
    operation,
    step: "evaluated",
    model,
    version,
    summary: `Staging: ${evaluation.verdicts.map(({ check, verdict }) => `${check} ${verdict}`).join(", ")}.`,
    evidence: { data: evaluation.data, verdicts: evaluation.verdicts },
  });
  return evaluation;
}

function* ask(
  context: OrchestrationContext,
  { model, version, cause, policy, policyDigest }: PromotionInput,
  evaluation: Evaluation,
  champion: string | null,
): Steps<ApprovalAnswer> {
  const operation = context.df.instanceId;
  const packet: DecisionPacket = {
    model,
    version,
    champion,
    cause,
    evaluation,
    rollout: {
      endpoint: policy.rollout.endpoint,
      steps: champion === null ? [100] : policy.rollout.steps,
      bake: policy.rollout.bake,
      rollbackTo: champion === null ? null : deploymentName("version", champion),
    },
    policyDigest,
  };
  const input = { operation, packet, policy: policy.approval };
  const answer = yield* callSub(context, approval, input, `${operation}-approval`);
  yield* call(context, recordStep, {
    operation,
    step: "approval",
    model,
    version,
    summary: `Approval of version ${version} of ${model}: ${answer.status}.`,
    evidence: { decisions: answer.decisions },
  });
  return answer;
}

function* rollOut(
  context: OrchestrationContext,
  { model, version, policy }: PromotionInput,
  champion: string | null,
): Steps<OperationOutcome> {
  const operation = context.df.instanceId;
  context.df.setCustomStatus(`Version ${version} of ${model} is being rolled out.`);
  const result = yield* callSub(
    context,
    rollout,
    { operation, model, version, policy: policy.rollout },
    `${operation}-rollout`,
  );
  if (result.outcome === "rolled-back") {
    return {
      outcome: "rolled-back",
      sentence: `Version ${version} of ${model} was rolled back: ${result.because}.`,
    };
  }
  const { deployment } = result;
  const since = context.df.currentUtcDateTime.toISOString();
  yield* call(context, recordChampion, { model, version, deployment, since });
  if (champion !== null && (yield* calledBackWhileWarm(context, policy.rollout, model, version, champion))) {
    return yield* goBack(context, model, version, champion, result, policy.rollout.endpoint);
  }
  yield* retirePrevious(context, policy.rollout.endpoint, result);
  return {
    outcome: "promoted",
    sentence: `Version ${version} of ${model} serves all traffic of ${policy.rollout.endpoint}.`,
  };
}

/** The previous deployment stays warm for a while, so that an operator's word brings it back at once. */
function* calledBackWhileWarm(
  context: OrchestrationContext,
  { endpoint, keepPrevious }: PromotionInput["policy"]["rollout"],
  model: string,
  version: string,
  champion: string,
): Steps<boolean> {
  const until = new Date(context.df.currentUtcDateTime.getTime() + durationMs(keepPrevious));
  context.df.setCustomStatus(
    `Version ${version} of ${model} serves all traffic of ${endpoint}; version ${champion} stays warm until ${until.toISOString()}.`,
  );
  return (yield* eventBefore(context, ROLLBACK_EVENT, until)) !== null;
}

function* goBack(
  context: OrchestrationContext,
  model: string,
  version: string,
  champion: string,
  { before, deployment }: RolloutOutcome,
  endpoint: string,
): Steps<OperationOutcome> {
  yield* call(context, setTraffic, { endpoint, traffic: before });
  const since = context.df.currentUtcDateTime.toISOString();
  const previous = { model, version: champion, deployment: deploymentName("version", champion), since };
  yield* call(context, recordChampion, previous);
  yield* call(context, deleteDeployment, { endpoint, deployment });
  return {
    outcome: "rolled-back",
    sentence: `Version ${version} of ${model} was called back by an operator; traffic went back to ${inWords(before)}.`,
  };
}

function* retirePrevious(
  context: OrchestrationContext,
  endpoint: string,
  { before, deployment }: RolloutOutcome,
): Steps<void> {
  for (const previous of Object.keys(before).filter((name) => name !== deployment)) {
    yield* call(context, deleteDeployment, { endpoint, deployment: previous });
  }
}
