import type { OrchestrationContext } from "durable-functions";
import { call, type Steps, sleep } from "../durable.ts";
import { readTurn } from "./record-activities.ts";

const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 120_000;
/** So many looks make one history; then the operation goes on in a fresh one. */
const MOST_LOOKS = 200;

/**
 * Waits until all earlier operations of the model have ended: two rollouts on one endpoint would fight over its traffic.
 *
 * @returns false when the history has grown enough: continue as new, and ask again
 */
export function* myTurn(context: OrchestrationContext, model: string): Steps<boolean> {
  const operation = context.df.instanceId;
  let pauseMs = FIRST_PAUSE_MS;
  for (let look = 1; look <= MOST_LOOKS; look += 1) {
    const { isMine, holder } = yield* call(context, readTurn, { operation, model });
    if (isMine) return true;
    context.df.setCustomStatus(`Waits until operation ${holder} of ${model} has ended.`);
    yield* sleep(context, pauseMs);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
  return false;
}
