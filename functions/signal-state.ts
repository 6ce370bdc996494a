import type { DurableClient } from "durable-functions";
import type { ModelStore } from "../shared/models/model-store.ts";
import type { ModelState } from "../shared/models/state.ts";
import type { EffectivePolicy } from "../shared/policy/load.ts";
import type { Services } from "../shared/services.ts";
import { sessionOf } from "../shared/signals/session.ts";
import type { Signal } from "../shared/signals/signal.ts";
import { servedBy } from "../shared/traffic/serving.ts";
import { forgetEnded } from "./ended-operations.ts";
import { readInstance } from "./history.ts";

/** What a signal is decided by, beside itself: the policy and the state of what it is about. */
export interface Standing {
  /** Name of the model, or of the signal's session where it is about no model. */
  readonly key: string;
  readonly model: string | null;
  readonly effective: EffectivePolicy | null;
  readonly state: ModelState;
  /** Where the state is kept. */
  readonly store: ModelStore;
}

/** Reads policy and state for a signal. An endpoint is the affair of the model that the policy puts behind it. */
export async function standingOf(
  signal: Signal,
  client: DurableClient,
  adapters: Services,
): Promise<Standing> {
  const { models, subjects, policies } = adapters;
  const model = signal.subject.model ?? (await modelBehind(signal.subject, adapters));
  if (model === null) {
    const key = sessionOf(signal);
    return { key, model, effective: null, state: await subjects.read(key), store: subjects };
  }
  const known = await forgetEnded(await models.read(model), client, models);
  const rollouts = signal.subject.endpoint === undefined ? [] : await rolloutsOf(model, client, adapters);
  const state = { ...known, operations: [...known.operations, ...rollouts] };
  return { key: model, model, effective: policies.for(model), state, store: models };
}

async function modelBehind(
  { endpoint, deployment = "" }: Signal["subject"],
  { models, policies }: Services,
): Promise<string | null> {
  if (endpoint === undefined) return null;
  return servedBy(endpoint, deployment, policies, await models.all())?.model ?? null;
}

/** Rollouts under way: they are parts of promotions, and what an endpoint's trouble calls back first. */
export async function rolloutsOf(
  model: string,
  client: DurableClient,
  { operations }: Services,
): Promise<ModelState["operations"]> {
  const promotions = (await operations.all()).filter(
    (one) => one.model === model && one.kind === "promotion" && one.outcome === null,
  );
  const rollouts = await Promise.all(
    promotions.map(async ({ id, startedAt }) => {
      const instance = await readInstance(client, `${id}-rollout`);
      return instance?.runtimeStatus === "Running"
        ? [{ id: `${id}-rollout`, kind: "rollout", since: startedAt }]
        : [];
    }),
  );
  return rollouts.flat();
}
