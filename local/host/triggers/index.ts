/** Starts a listener for each function whose trigger waits for something outside the host. */
import { messageOf } from "../errors.ts";
import { isType } from "../worker/registry.ts";
import type { Listener, TriggerContext } from "./context.ts";

type StartListener = (context: TriggerContext) => Listener;

/** What a trigger needs is loaded only for apps that have it: the SDKs would double the start time of all others. */
const STARTERS: readonly { readonly type: string; readonly load: () => Promise<StartListener> }[] = [
  { type: "timerTrigger", load: async () => (await import("./timer.ts")).startTimer },
  { type: "serviceBusTrigger", load: async () => (await import("./service-bus.ts")).startServiceBus },
  { type: "eventHubTrigger", load: async () => (await import("./event-hubs.ts")).startEventHub },
];

export interface Triggers {
  /** Resolves when every listener takes events. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

/** @param onError - told of a function whose listener cannot be made; the others start */
export async function startTriggers(
  contexts: readonly TriggerContext[],
  onError: (functionName: string, message: string) => void,
): Promise<Triggers> {
  const listeners: Listener[] = [];
  for (const context of contexts) {
    const { definition } = context;
    const starter = STARTERS.find(({ type }) => isType(definition.trigger, type));
    if (!starter) continue;
    try {
      const start = await starter.load();
      listeners.push(start(context));
    } catch (error) {
      onError(
        definition.name,
        `The listener for function '${definition.name}' was unable to start: ${messageOf(error)}`,
      );
    }
  }
  return {
    ready: Promise.all(listeners.map(({ ready }) => ready)).then(() => undefined),
    async stop() {
      await Promise.allSettled(listeners.map((listener) => listener.stop()));
    },
  };
}
