import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import { messageOf } from "../errors.ts";
import type { TriggerContext } from "./context.ts";

/** A lock is renewed when half of what is left of it has passed, but not more often than this, in ms. */
const SHORTEST_PAUSE_MS = 50;

/**
 * Renews the locks of messages while the function runs, for as long as host.json allows, and not a moment longer: the
 * client's own renewal would go on, and keep a message that nobody settled from being delivered again.
 * A session is locked as a whole, and its client sees to that.
 *
 * @returns ends the renewal
 */
export function keepLocked(
  receiver: ServiceBusReceiver,
  messages: readonly ServiceBusReceivedMessage[],
  { definition, host, clock, log }: TriggerContext,
): () => void {
  if (definition.trigger.isSessionsEnabled === true) return () => {};
  const until = clock.now() + host.extensions.serviceBus.maxAutoLockRenewalDuration;
  const timers = new Set<() => void>();
  const keep = (message: ServiceBusReceivedMessage, lockedUntil: Date | undefined): void => {
    const pauseMs = Math.max(SHORTEST_PAUSE_MS, (Number(lockedUntil ?? 0) - clock.now()) / 2);
    if (clock.now() + pauseMs > until) return;
    const cancel = clock.after(pauseMs, () => {
      timers.delete(cancel);
      receiver.renewMessageLock(message).then(
        (renewed) => isOver || keep(message, renewed),
        (error) => {
          const line = `Function '${definition.name}': the lock of message ${String(message.messageId)} could not be renewed: ${messageOf(error)}`;
          if (!isOver) log("warning", "Host.Listeners.ServiceBus", line);
        },
      );
    });
    timers.add(cancel);
  };
  let isOver = false;
  for (const message of messages) keep(message, message.lockedUntilUtc);
  return () => {
    isOver = true;
    for (const cancel of timers) cancel();
  };
}
