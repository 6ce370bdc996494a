/** Finds the app's functions by kind and name; names compare in any case. */
import type { FunctionDefinition, FunctionInvoker } from "../contract.ts";

export type TriggerType = "orchestrationTrigger" | "activityTrigger" | "entityTrigger";

export class FunctionIndex {
  readonly #invoker: FunctionInvoker;
  readonly #found = new Map<string, FunctionDefinition>();

  constructor(invoker: FunctionInvoker) {
    this.#invoker = invoker;
  }

  find(type: TriggerType, name: string): FunctionDefinition | undefined {
    const key = keyOf(type, name);
    const found = this.#found.get(key) ?? this.#search(key);
    if (found) this.#found.set(key, found);
    return found;
  }

  #search(key: string): FunctionDefinition | undefined {
    return this.#invoker.functions.find(({ trigger, name }) => keyOf(trigger.type, name) === key);
  }
}

function keyOf(type: string, name: string): string {
  return `${type} ${name}`.toLowerCase();
}
