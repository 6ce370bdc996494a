/** A worker as small as it can be: the real packages register here, and the engine runs them. */
import { createHash, randomUUID } from "node:crypto";
import { registerHooks } from "node:module";
import type { FunctionDefinition, FunctionInvoker, TypedData } from "../../../../local/host/contract.ts";

interface Metadata {
  readonly name: string;
  readonly bindings: Record<string, { type: string; direction: "in" | "out" }>;
}

interface InvocationModel {
  getArguments(): Promise<{ context: object; inputs: unknown[] }>;
  invokeFunction(context: object, inputs: unknown[], callback: unknown): Promise<unknown>;
  getResponse(context: object, result: unknown): Promise<{ returnValue?: TypedData | null }>;
}

interface Model {
  getInvocationModel(context: object): InvocationModel;
}

interface Registry {
  model: Model | undefined;
  readonly functions: Map<string, { metadata: Metadata; callback: unknown }>;
}

const registry: Registry = { model: undefined, functions: new Map() };

const core = {
  version: "3.13.0",
  hostVersion: "4.1047.0",
  registerHook: () => ({ dispose() {} }),
  setProgrammingModel: (model: Model) => {
    registry.model = model;
  },
  registerFunction: (metadata: Metadata, callback: unknown) => {
    registry.functions.set(metadata.name, { metadata, callback });
    return { dispose() {} };
  },
};

const CORE = Symbol.for("outerloop.test.functions-core");
Object.defineProperty(globalThis, CORE, { value: core, configurable: true });
registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== "@azure/functions-core") return next(specifier, context);
    return { url: "outerloop:functions-core", format: "commonjs", shortCircuit: true };
  },
  load(url, context, next) {
    if (url !== "outerloop:functions-core") return next(url, context);
    const source = 'module.exports = globalThis[Symbol.for("outerloop.test.functions-core")];';
    return { format: "commonjs", source, shortCircuit: true };
  },
});

/** Runs what is registered; `clientBinding` is what `durableClient` inputs get. */
export function createInvoker(clientBinding: () => string): FunctionInvoker {
  const definitions = new Map<string, FunctionDefinition>();
  return {
    get functions() {
      for (const { metadata } of registry.functions.values()) {
        if (!definitions.has(metadata.name)) definitions.set(metadata.name, toDefinition(metadata));
      }
      return [...definitions.values()];
    },
    async invoke(invocation) {
      const found = registry.functions.get(invocation.functionName);
      if (!found || !registry.model) throw new Error(`no function '${invocation.functionName}'`);
      const { metadata, callback } = found;
      const inputData = Object.entries(metadata.bindings)
        .filter(([, binding]) => binding.direction === "in")
        .map(([name, { type }]) => ({
          name,
          data: type.endsWith("Trigger") ? invocation.triggerData : { string: clientBinding() },
        }));
      const model = registry.model.getInvocationModel({
        invocationId: randomUUID(),
        metadata,
        request: { inputData, triggerMetadata: invocation.triggerMetadata },
        state: "invocation",
        log() {},
      });
      try {
        const { context, inputs } = await model.getArguments();
        const result = await model.invokeFunction(context, inputs, callback);
        const { returnValue } = await model.getResponse(context, result);
        return { succeeded: true, returnValue };
      } catch (error) {
        const { message, stack } = error instanceof Error ? error : new Error(String(error));
        return { succeeded: false, message, stackTrace: stack ?? "" };
      }
    },
  };
}

function toDefinition({ name, bindings }: Metadata): FunctionDefinition {
  const all = Object.entries(bindings).map(([key, binding]) => ({ ...binding, name: key }));
  const trigger = all.find((binding) => binding.type.endsWith("Trigger"));
  if (!trigger) throw new Error(`'${name}' has no trigger`);
  return { name, trigger, bindings: all };
}

/** A name nobody else uses: registrations live as long as the process. */
export function uniqueName(prefix: string): string {
  return `${prefix}_${createHash("sha256").update(randomUUID()).digest("hex").slice(0, 8)}`;
}
