import type { Binding, FunctionDefinition } from "../contract.ts";
import { IndexingError } from "../errors.ts";
import { type AppSettings, resolveSettings } from "../settings/app-settings.ts";
import type { FunctionCallback, FunctionMetadata, RawBinding } from "./core-types.ts";

export interface Registered {
  readonly metadata: FunctionMetadata;
  readonly callback: FunctionCallback;
}

const TRIGGER_TYPES = [
  "httpTrigger",
  "timerTrigger",
  "eventGridTrigger",
  "serviceBusTrigger",
  "eventHubTrigger",
  "orchestrationTrigger",
  "activityTrigger",
  "entityTrigger",
];
const INPUT_TYPES = ["durableClient", "orchestrationClient"];
const OUTPUT_TYPES = ["http", "serviceBus", "eventHub", "blob"];

/** Registrations are accepted from the load of the app until its start has ended. */
export class Registry {
  readonly #functions = new Map<string, Registered>();
  #isOpen = true;

  register(metadata: FunctionMetadata, callback: FunctionCallback): () => void {
    if (!this.#isOpen) throw new Error("A function can only be registered during app startup.");
    const id = metadata.functionId ?? metadata.name;
    if (this.#functions.has(id)) {
      throw new Error(`A function with id "${id}" has already been registered.`);
    }
    this.#functions.set(id, { metadata, callback });
    return () => {
      if (!this.#isOpen) throw new Error("A function can only be disposed during app startup.");
      this.#functions.delete(id);
    };
  }

  close(): readonly Registered[] {
    this.#isOpen = false;
    return [...this.#functions.values()];
  }
}

/**
 * Reads a registration as the host indexes it: bindings under their keys, `%SETTING%` replaced, types known.
 *
 * @throws {IndexingError} naming what of this function the host cannot serve
 */
export function indexFunction(metadata: FunctionMetadata, settings: AppSettings): FunctionDefinition {
  const { name, retryOptions } = metadata;
  const bindings = Object.entries(metadata.bindings).map(([key, raw]) => toBinding(name, key, raw, settings));
  const triggers = bindings.filter(isTrigger);
  const [trigger] = triggers;
  if (!trigger || triggers.length > 1) {
    throw new IndexingError(`Function '${name}' has ${triggers.length} triggers, expected exactly one.`);
  }
  return { name, trigger, bindings, ...(retryOptions && { retryOptions }) };
}

export function isTrigger(binding: { readonly type: string }): boolean {
  return /trigger$/i.test(binding.type);
}

/** Compares binding types as the host does, ignoring case. */
export function isType(binding: { readonly type: string }, type: string): boolean {
  return binding.type.toLowerCase() === type.toLowerCase();
}

function toBinding(functionName: string, key: string, raw: RawBinding, settings: AppSettings): Binding {
  const { type, direction } = raw;
  if (typeof type !== "string" || (direction !== "in" && direction !== "out")) {
    throw new IndexingError(
      `Function '${functionName}': binding '${key}' has type '${String(type)}' and direction '${String(direction)}', expected a type and 'in' or 'out'.`,
    );
  }
  checkType(functionName, type, direction);
  const resolved = Object.entries(raw).map(([option, value]) => [
    option,
    resolve(functionName, option, value, settings),
  ]);
  return { ...Object.fromEntries(resolved), name: key, type, direction };
}

function resolve(functionName: string, option: string, value: unknown, settings: AppSettings): unknown {
  if (typeof value !== "string") return value;
  try {
    return resolveSettings(value, settings);
  } catch (error) {
    throw new IndexingError(
      `Function '${functionName}': ${option}: ${error instanceof Error ? error.message : value}`,
    );
  }
}

function checkType(functionName: string, type: string, direction: "in" | "out"): void {
  const kind = isTrigger({ type }) ? "trigger" : direction === "in" ? "input" : "output";
  const known = { trigger: TRIGGER_TYPES, input: INPUT_TYPES, output: OUTPUT_TYPES }[kind];
  if (known.some((candidate) => isType({ type }, candidate))) return;
  throw new IndexingError(
    `Function '${functionName}': this host does not support the ${kind} type '${type}', expected one of ${known.join(", ")}.`,
  );
}
