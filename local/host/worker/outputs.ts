import type { Binding, FunctionDefinition, Invocation, TypedData } from "../contract.ts";
import { type AppSettings, connectionString } from "../settings/app-settings.ts";
import { writeBlob } from "./blob-output.ts";
import type { RpcInvocationResponse } from "./core-types.ts";
import { isType } from "./registry.ts";

/** One entity a function writes to, as its SDK client sees it. */
export interface Sink {
  send(messages: readonly (string | Uint8Array)[]): Promise<void>;
  close(): Promise<void>;
}

export interface Outputs {
  write(
    definition: FunctionDefinition,
    response: RpcInvocationResponse,
    invocation: Invocation,
  ): Promise<void>;
  close(): Promise<void>;
}

/** Writes what functions put into Service Bus and Event Hubs outputs, over one client for each entity, and blobs. */
export function openOutputs(settings: AppSettings): Outputs {
  const sinks = new Map<string, Promise<Sink>>();

  const sinkOf = (binding: Binding): Promise<Sink> => {
    const key = JSON.stringify([binding.type, binding.connection, entityOf(binding)]);
    const known = sinks.get(key) ?? openSink(binding, settings);
    sinks.set(key, known);
    known.catch(() => sinks.delete(key));
    return known;
  };

  const send = async (binding: Binding, data: TypedData): Promise<void> => {
    const messages = toMessages(data);
    if (messages.length > 0) await (await sinkOf(binding)).send(messages);
  };

  return {
    async write(definition, response, invocation) {
      for (const binding of definition.bindings) {
        if (binding.direction !== "out" || isType(binding, "http")) continue;
        const data = outputOf(binding, response);
        if (!data) continue;
        if (isType(binding, "blob")) await writeBlob(binding, data, invocation, settings);
        else await send(binding, data);
      }
    },
    async close() {
      const open = await Promise.allSettled(sinks.values());
      await Promise.allSettled(
        open.map((sink) => (sink.status === "fulfilled" ? sink.value.close() : undefined)),
      );
    },
  };
}

function outputOf(binding: Binding, response: RpcInvocationResponse): TypedData | null | undefined {
  if (binding.name === "$return") return response.returnValue;
  const explicit = response.outputData?.find(({ name }) => name === binding.name);
  return explicit ? explicit.data : propertyOf(response.returnValue, binding.name);
}

/** A function without a `$return` binding may return an object that holds its outputs under their keys. */
function propertyOf(returned: TypedData | null | undefined, name: string): TypedData | undefined {
  if (!returned || !("json" in returned)) return undefined;
  const value: unknown = JSON.parse(returned.json);
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  const property: unknown = Object.getOwnPropertyDescriptor(value, name)?.value;
  if (property === null || property === undefined) return undefined;
  return typeof property === "string" ? { string: property } : { json: JSON.stringify(property) };
}

/**
 * A JSON array is one message for each element, and a text that looks like JSON counts as JSON. Other texts go verbatim,
 * bytes as they are, booleans and nothing as .NET writes them.
 *
 * @throws {SyntaxError} when a text looks like JSON and is none
 * @see Azure/azure-functions-host, src/WebJobs.Script/Binding/FunctionBinding.cs: ReadAsEnumerable, BindAsyncCollectorAsync
 */
function toMessages(data: TypedData): (string | Uint8Array)[] {
  if ("bytes" in data) return [data.bytes];
  if ("string" in data)
    return /^\s*(\{.*\}|\[.*\])\s*$/s.test(data.string) ? elements(data.string) : [data.string];
  if ("int" in data) return [String(data.int)];
  if ("double" in data) return [String(data.double)];
  return "json" in data ? elements(data.json) : [];
}

function elements(text: string): string[] {
  const value: unknown = JSON.parse(text);
  return (Array.isArray(value) ? value : [value]).map(toText);
}

function toText(element: unknown): string {
  if (typeof element === "string") return element;
  if (typeof element === "boolean") return element ? "True" : "False";
  return element === null ? "" : JSON.stringify(element);
}

function entityOf(binding: Binding): string {
  const name = binding.queueName ?? binding.topicName ?? binding.eventHubName;
  if (typeof name === "string") return name;
  throw new Error(`Output '${binding.name}' (${binding.type}) names no queue, topic or hub.`);
}

/**
 * The clients are loaded only for apps that write, and from files that import them outright: a bundle cannot tell the
 * names in a package of CommonJS that is imported while it runs.
 */
async function openSink(binding: Binding, settings: AppSettings): Promise<Sink> {
  const connection = connectionString(String(binding.connection), settings);
  const { openEntity } = isType(binding, "eventHub")
    ? await import("./event-hub-sink.ts")
    : await import("./service-bus-sink.ts");
  return openEntity(connection, entityOf(binding));
}
