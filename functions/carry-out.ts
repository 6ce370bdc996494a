import type { DurableClient } from "durable-functions";
import type { OperationInput } from "../orchestrations/operation.ts";
import { promotion } from "../orchestrations/promotion/orchestrator.ts";
import { retraining } from "../orchestrations/retraining/orchestrator.ts";
import { ROLLBACK_EVENT } from "../orchestrations/rollout/types.ts";
import { JOB_EVENT } from "../orchestrations/steps/run-job.ts";
import { sha256, stableGuid } from "../shared/canonical.ts";
import { noticeMail } from "../shared/notify/templates/notice-mail.ts";
import { instanceId } from "../shared/operations/instance-id.ts";
import type { Decision, Reaction } from "../shared/policy/decision.ts";
import type { EffectivePolicy } from "../shared/policy/load.ts";
import type { Services } from "../shared/services.ts";
import type { Signal } from "../shared/signals/signal.ts";
import { rolloutsOf } from "./signal-state.ts";

/** A decision with all that it takes to carry it out. */
export interface Task {
  readonly decision: Decision;
  readonly signal: Signal;
  /** Null for a signal about something else. */
  readonly model: string | null;
  readonly effective: EffectivePolicy | null;
  readonly client: DurableClient;
  readonly services: Services;
}

type CarryOut = (task: Task) => Promise<void>;

/** How each reaction is carried out. What no orchestration does yet is told to people, never dropped. */
const HOW: Record<Reaction, CarryOut> = {
  promotion: startPromotion,
  retraining: startRetraining,
  "raise-event": raiseEvent,
  notice: tellPeople,
  "development-loopback": tellPeople,
  "setup-loopback": tellPeople,
  "cost-review": tellPeople,
  decommission: tellPeople,
  "image-quarantine": tellPeople,
  none: async () => {},
};

/** Safe to repeat: see each of them. */
export async function carryOut(task: Task): Promise<void> {
  const { reaction, heldBack } = task.decision;
  if (!heldBack) await HOW[reaction](task);
  // It is started by the same signal, sent again once somebody approved: see costs.ts.
  else if (heldBack.hold === "cost-approval") await tellPeople(task);
}

async function startPromotion({ decision, signal, model, effective, client, services }: Task) {
  const { version } = signal.subject;
  if (effective === null || model === null || version === undefined) return;
  const input = { ...operationInput(decision, signal, model, effective), version };
  await start(promotion.name, instanceId("promotion", model, version), input, client, services);
}

async function startRetraining({ decision, signal, model, effective, client, services }: Task) {
  if (effective === null || model === null) return;
  const id = instanceId("retraining", model, sha256(signal.id).slice(0, 12));
  await start(retraining.name, id, operationInput(decision, signal, model, effective), client, services);
}

function operationInput(
  decision: Decision,
  signal: Signal,
  model: string,
  { policy, digest }: EffectivePolicy,
): OperationInput {
  const cause = { signal: signal.id, kind: signal.kind, summary: decision.reason };
  return { model, cause, policy, policyDigest: digest, parent: null };
}

/** Safe to repeat: an operation that was ever started is not started again. */
async function start(
  orchestrator: string,
  id: string,
  input: OperationInput,
  client: DurableClient,
  { operations }: Services,
): Promise<void> {
  // The platform would replace an ended instance of the same id; our record of it outlives it.
  if (await operations.get(id)) return;
  try {
    await client.startNew(orchestrator, { instanceId: id, input });
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}

/** The client has no other sign that an instance of that id is running. */
function isConflict(error: unknown): boolean {
  return error instanceof Error && error.message.includes("status code: 409");
}

/** Safe to repeat: each event only says that there is something to look at, or asks for what has begun already. */
async function raiseEvent(task: Task): Promise<void> {
  const { signal, decision, model, client, services } = task;
  if (signal.subject.job !== undefined) {
    const owner = await services.operations.ownerOf(signal.subject.job);
    if (owner !== null) await raise(client, owner, JOB_EVENT, { job: signal.subject.job, kind: signal.kind });
  } else if (model !== null && decision.rule.endsWith("/during-rollout")) {
    for (const { id } of await rolloutsOf(model, client, services)) {
      await raise(client, id, ROLLBACK_EVENT, { because: decision.reason });
    }
  }
}

async function raise(client: DurableClient, instance: string, event: string, data: unknown): Promise<void> {
  try {
    await client.raiseEvent(instance, event, data);
  } catch (error) {
    // It has ended and was purged: nobody waits any more.
    if (!(error instanceof Error && error.message.startsWith("No instance with ID"))) throw error;
  }
}

/** Safe to repeat: one mail for each signal. */
async function tellPeople({ decision, signal, model, effective, services }: Task) {
  const to = effective?.policy.approval.approvers.map(({ email }) => email) ?? [];
  if (to.length === 0) return;
  const { config, effects, mail, now } = services;
  await effects.once({ operation: `signal:${signal.id}`, step: "notice" }, async () => {
    const content = noticeMail({
      subject: decision.heldBack
        ? `${model}: ${decision.reaction} waits for ${decision.heldBack.liftedBy}`
        : `${model}: ${signal.kind} calls for ${decision.reaction}`,
      sentence: decision.reason,
      facts: signal.evidence.measurements.map(({ metric, group, value, threshold, unit = "" }) => [
        group ? `${metric} of ${group}` : metric,
        `${value ?? "unknown"} ${unit} (limit ${threshold ?? "none"})`,
      ]),
      url: `${config.publicUrl}/console/models/${encodeURIComponent(model ?? "")}`,
      now: now(),
    });
    await mail.send({ to, ...content }, stableGuid(`signal:${signal.id}/notice`));
    return null;
  });
}
