/** How message and event bodies become trigger values: the rules Service Bus and Event Hubs share. */
import type { Binding, TypedData } from "../contract.ts";

/** The bytes of a body as the SDK gives it when told not to parse: data sections are bytes, values are themselves. */
export function bodyBytes(body: unknown): Buffer {
  if (body instanceof Uint8Array) return Buffer.from(body);
  return Buffer.from(typeof body === "string" ? body : (JSON.stringify(body) ?? ""));
}

export function isBatch(trigger: Binding): boolean {
  return String(trigger.cardinality ?? "one").toLowerCase() === "many";
}

/** One body: text unless the trigger asks for bytes. */
export function singleValue(trigger: Binding, body: Buffer): TypedData {
  return isBinary(trigger) ? { bytes: body } : { string: body.toString("utf8") };
}

/**
 * A batch of bodies: one JSON array, unless the trigger asks for texts or bytes.
 *
 * @throws {Error} when a body is not JSON and the trigger did not ask for texts or bytes
 */
export function batchValue(trigger: Binding, bodies: readonly Buffer[]): TypedData {
  if (isBinary(trigger)) return { collectionBytes: { bytes: [...bodies] } };
  const texts = bodies.map((body) => body.toString("utf8"));
  if (String(trigger.dataType).toLowerCase() === "string") return { collectionString: { string: texts } };
  for (const [index, text] of texts.entries()) {
    if (parseJson(text) === undefined) {
      throw new Error(
        `Binding parameters to complex objects (such as 'Object') uses JSON serialization: body ${index} of the batch is not JSON. Set dataType to 'string' or 'binary'.`,
      );
    }
  }
  return { json: `[${texts.join(",")}]` };
}

/** Every top-level property of a JSON body that is no array: the host offers them as metadata too. */
export function bodyProperties(body: Buffer): Record<string, TypedData> {
  const value = parseJson(body.toString("utf8"));
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  const properties: Record<string, TypedData> = {};
  for (const [name, property] of Object.entries(value)) {
    if (Array.isArray(property)) continue;
    properties[name] = typeof property === "string" ? { string: property } : toJson(property);
  }
  return properties;
}

export function toJson(value: unknown): TypedData {
  return { json: JSON.stringify(value) ?? "null" };
}

/** A moment as .NET writes an unspecified DateTime: no zone, no needless fraction. */
export function utcWithoutZone(date: Date): string {
  return date.toISOString().replace(/\.?0*Z$/, "");
}

/** A moment as .NET writes a DateTimeOffset in UTC. */
export function utcWithOffset(date: Date): string {
  return `${utcWithoutZone(date)}+00:00`;
}

function isBinary(trigger: Binding): boolean {
  return String(trigger.dataType).toLowerCase() === "binary";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
