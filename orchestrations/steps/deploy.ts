import type { OrchestrationContext } from "durable-functions";
import type * as z from "zod";
import { call, poll, type Steps } from "../durable.ts";
import {
  ensureDeployment,
  ensureEndpoint,
  type Provisioning,
  readDeployment,
  readEndpoint,
} from "./deployment-activities.ts";

/** States in which a long-running operation has ended; `Missing` stands for a resource that is gone. */
const SETTLED = ["Succeeded", "Failed", "Canceled", "Missing"];
const isSettled = ({ provisioningState }: z.infer<typeof Provisioning>) =>
  SETTLED.includes(provisioningState);

/** A managed deployment takes minutes; a quick answer should not wait for the next minute. */
const WAITS = { firstMs: 1_000, longestMs: 30_000, timeoutMs: 3_600_000 } as const;

/** Waits until the endpoint takes changes. */
export function* endpointReady(context: OrchestrationContext, endpoint: string): Steps<string> {
  yield* call(context, ensureEndpoint, { endpoint });
  const { provisioningState } = yield* settledEndpoint(context, endpoint);
  return provisioningState;
}

/** Waits until nothing is being changed on the endpoint, and answers how it stands. */
export function* settledEndpoint(
  context: OrchestrationContext,
  endpoint: string,
): Steps<{ provisioningState: string; traffic: Record<string, number> }> {
  return yield* poll(context, readEndpoint, { endpoint }, { ...WAITS, isDone: isSettled });
}

/** Deploys a version and waits for it; the last provisioning state, `Succeeded` if it serves. */
export function* deploy(
  context: OrchestrationContext,
  wanted: z.infer<typeof ensureDeployment.input>,
): Steps<string> {
  yield* call(context, ensureDeployment, wanted);
  const { endpoint, deployment } = wanted;
  const { provisioningState } = yield* poll(
    context,
    readDeployment,
    { endpoint, deployment },
    { ...WAITS, isDone: isSettled },
  );
  return provisioningState;
}
