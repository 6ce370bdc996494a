import type { SignalQueue } from "../azure/signal-queue.ts";
import { toCloudEvent } from "./cloud-event.ts";
import { sessionOf } from "./session.ts";
import type { Signal } from "./signal.ts";

/** Leaves a signal for `reactions.ts`: in order with all others about the same subject. */
export async function publishSignal(queue: SignalQueue, signal: Signal): Promise<void> {
  await queue.publish({
    id: signal.id,
    session: sessionOf(signal),
    kind: signal.kind,
    body: toCloudEvent(signal),
  });
}
