import { type DurableClient, OrchestrationRuntimeStatus } from "durable-functions";
import type { ModelStore } from "../shared/models/model-store.ts";
import type { ModelState } from "../shared/models/state.ts";

const ENDED: readonly OrchestrationRuntimeStatus[] = [
  OrchestrationRuntimeStatus.Completed,
  OrchestrationRuntimeStatus.Failed,
  OrchestrationRuntimeStatus.Terminated,
  OrchestrationRuntimeStatus.Canceled,
];

/**
 * An operation leaves its model's queue itself when it ends; one that was terminated, or lost its history, cannot.
 * Without this, it would hold back everything that comes after it.
 */
export async function forgetEnded(
  state: ModelState,
  client: DurableClient,
  models: ModelStore,
): Promise<ModelState> {
  const ended = new Set<string>();
  for (const { id } of state.operations) {
    if (await hasEnded(id, client)) ended.add(id);
  }
  if (ended.size === 0) return state;
  return models.update(state.model, (before) => ({
    ...before,
    operations: before.operations.filter(({ id }) => !ended.has(id)),
  }));
}

async function hasEnded(id: string, client: DurableClient): Promise<boolean> {
  try {
    return ENDED.includes((await client.getStatus(id)).runtimeStatus);
  } catch (error) {
    // The client has no other sign for an instance that is not there.
    if (error instanceof Error && error.message.includes("could not find any data")) return true;
    throw error;
  }
}
