import { app, type InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { SIGNAL_QUEUE } from "../shared/azure/signal-queue.ts";
import { decide } from "../shared/policy/decide.ts";
import { Decision } from "../shared/policy/decision.ts";
import { stateAfter } from "../shared/policy/state-after.ts";
import type { Services } from "../shared/services.ts";
import { fromCloudEvent } from "../shared/signals/cloud-event.ts";
import type { Signal } from "../shared/signals/signal.ts";
import { carryOut } from "./carry-out.ts";
import { clientOf, durableClient } from "./register.ts";
import { services } from "./services.ts";
import { standingOf } from "./signal-state.ts";

/** Takes the signals of one subject in order: each becomes one decision, and the decision is carried out. */
export async function reactions(message: unknown, context: InvocationContext): Promise<void> {
  const signal = fromCloudEvent(message);
  const decision = await react(signal, clientOf(context), services());
  context.info(decision.reason, {
    signal: signal.id,
    reaction: decision.reaction,
    rule: decision.rule,
    heldBackBy: decision.heldBack?.hold,
  });
}

/**
 * Safe to repeat, and redeliveries do repeat it: the first decision on a signal is kept in the ledger and stands,
 * operations have deterministic ids, and what the signal leaves in the model's state is written last.
 */
export async function react(signal: Signal, client: DurableClient, adapters: Services): Promise<Decision> {
  const { ledger, now } = adapters;
  const { key, model, effective, state, store } = await standingOf(signal, client, adapters);
  const fresh = decide(signal, effective, state, now());
  const entry = await ledger.append(`signal:${signal.id}`, {
    kind: "decision",
    summary: fresh.reason,
    actor: "outerloop",
    ...(model === null ? {} : { model }),
    ...(signal.subject.version === undefined ? {} : { version: signal.subject.version }),
    signal: signal.id,
    policyDigest: fresh.policyDigest,
    evidence: { decision: fresh, signal },
  });
  const decision = Decision.parse(entry.evidence.decision);
  await carryOut({ decision, signal, model, effective, client, services: adapters });
  // A job is heard of once or twice and never again: it leaves no state.
  if (model !== null || signal.subject.job === undefined) {
    await store.update(key, (before) => stateAfter(signal, decision, before, new Date(decision.decidedAt)));
  }
  return decision;
}

app.serviceBusQueue("reactions", {
  connection: "OUTERLOOP_SERVICE_BUS",
  queueName: SIGNAL_QUEUE,
  isSessionsEnabled: true,
  extraInputs: [durableClient],
  handler: reactions,
});
