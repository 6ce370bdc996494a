import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import { messageOf } from "../errors.ts";
import { settled, type TriggerContext } from "./context.ts";
import { isBatch } from "./payload.ts";
import { batchPayload, singlePayload, type TriggerPayload } from "./service-bus-data.ts";
import { keepLocked } from "./service-bus-locks.ts";

type Settlement = "complete" | "abandon" | "leave";

/** Runs the function for received messages and settles them by how it ended. */
export class ServiceBusDispatcher {
  readonly #context: TriggerContext;
  readonly #running = new Set<Promise<void>>();

  constructor(context: TriggerContext) {
    this.#context = context;
  }

  /** Never throws: the broker keeps what could not be settled, and delivers it again. */
  async dispatch(
    receiver: ServiceBusReceiver,
    messages: readonly ServiceBusReceivedMessage[],
  ): Promise<void> {
    const run = this.#run(receiver, messages);
    this.#running.add(run);
    await run;
    this.#running.delete(run);
  }

  async drain(): Promise<void> {
    await settled(this.#running);
  }

  async #run(receiver: ServiceBusReceiver, messages: readonly ServiceBusReceivedMessage[]): Promise<void> {
    const { definition } = this.#context;
    const stopRenewing = keepLocked(receiver, messages, this.#context);
    const settlement = await this.#invoke(messages).finally(stopRenewing);
    if (settlement === "leave") {
      const ids = messages.map(({ messageId }) => String(messageId)).join(", ");
      const line = `Function '${definition.name}': autoCompleteMessages is false, and nothing settled message ${ids}: it is delivered again when its lock ends.`;
      this.#context.log("warning", "Host.Listeners.ServiceBus", line);
      return;
    }
    await Promise.all(
      messages.map(async (message) => {
        try {
          if (settlement === "complete") await receiver.completeMessage(message);
          else await receiver.abandonMessage(message);
        } catch (error) {
          const line = `Function '${definition.name}': message ${String(message.messageId)} could not be settled (${settlement}), it will be delivered again: ${messageOf(error)}`;
          this.#context.log("warning", "Host.Listeners.ServiceBus", line);
        }
      }),
    );
  }

  async #invoke(messages: readonly ServiceBusReceivedMessage[]): Promise<Settlement> {
    const { definition, worker, host, log } = this.#context;
    let payload: TriggerPayload;
    try {
      payload = this.#payload(messages);
    } catch (error) {
      log("error", `Function.${definition.name}`, `Function '${definition.name}': ${messageOf(error)}`);
      return "abandon";
    }
    const ids = messages.map(({ messageId }) => String(messageId)).join(", ");
    const outcome = await worker.invoke({
      functionName: definition.name,
      reason: `(null) MessageId: ${ids}`,
      ...payload,
    });
    if (!outcome.succeeded) return "abandon";
    const own = definition.trigger.autoCompleteMessages;
    const isAutomatic = typeof own === "boolean" ? own : host.extensions.serviceBus.autoCompleteMessages;
    return isAutomatic ? "complete" : "leave";
  }

  #payload(messages: readonly ServiceBusReceivedMessage[]): TriggerPayload {
    const { trigger } = this.#context.definition;
    const [first] = messages;
    return isBatch(trigger) || !first ? batchPayload(trigger, messages) : singlePayload(trigger, first);
  }
}
