import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import * as z from "zod";
import { HostStartError, messageOf } from "../errors.ts";
import { misspeltNames } from "./host-json-names.ts";
import { parseJsonWithComments } from "./json-with-comments.ts";
import { parseTimeSpan } from "./time-span.ts";

const TimeSpan = z.string().transform((text, context) => {
  const ms = parseTimeSpan(text);
  if (ms === undefined) context.addIssue(`found '${text}', expected a time span hh:mm:ss`);
  return ms ?? 0;
});

const Timeout = z.string().transform((text, context) => {
  const ms = text === "-1" ? -1 : parseTimeSpan(text);
  if (ms === undefined)
    context.addIssue(`found '${text}', expected a time span hh:mm:ss, or -1 for no limit`);
  return ms ?? 0;
});

const count = (least: number) => z.number().int().min(least);

const Retry = z.discriminatedUnion("strategy", [
  z.looseObject({ strategy: z.literal("fixedDelay"), maxRetryCount: count(-1), delayInterval: TimeSpan }),
  z.looseObject({
    strategy: z.literal("exponentialBackoff"),
    maxRetryCount: count(-1),
    minimumInterval: TimeSpan,
    maximumInterval: TimeSpan,
  }),
]);

const Http = z.looseObject({
  routePrefix: z.string().default("api"),
  /** -1: no limit. */
  maxOutstandingRequests: count(-1).default(-1),
  customHeaders: z.record(z.string(), z.string()).default({}),
});

const ServiceBus = z.looseObject({
  autoCompleteMessages: z.boolean().default(true),
  maxConcurrentCalls: count(1).default(16 * availableParallelism()),
  maxConcurrentSessions: count(1).default(8),
  maxConcurrentCallsPerSession: count(1).default(1),
  maxAutoLockRenewalDuration: TimeSpan.default(5 * 60_000),
  maxMessageBatchSize: count(1).default(1000),
  maxBatchWaitTime: TimeSpan.default(30_000),
  sessionIdleTimeout: TimeSpan.default(60_000),
});

const EventHubs = z.looseObject({
  maxEventBatchSize: count(1).default(100),
  maxWaitTime: TimeSpan.default(60_000),
  batchCheckpointFrequency: count(1).default(1),
  prefetchCount: count(1).default(300),
  initialOffsetOptions: z
    .looseObject({
      type: z.enum(["fromStart", "fromEnd", "fromEnqueuedTime"]).default("fromStart"),
      enqueuedTimeUtc: z.iso.datetime({ offset: true }).optional(),
    })
    .prefault({}),
});

const HostJson = z.looseObject({
  version: z.literal("2.0"),
  /** Milliseconds, -1 for none. */
  functionTimeout: z.preprocess(String, Timeout).prefault("00:30:00"),
  functions: z.array(z.string()).optional(),
  logging: z.looseObject({ logLevel: z.record(z.string(), z.string()).default({}) }).prefault({}),
  retry: Retry.optional(),
  extensions: z
    .looseObject({
      http: Http.prefault({}),
      serviceBus: ServiceBus.prefault({}),
      eventHubs: EventHubs.prefault({}),
      durableTask: z.unknown().optional(),
    })
    .prefault({}),
});

export type HostJson = z.infer<typeof HostJson>;
export type EventHubsOptions = z.infer<typeof EventHubs>;

const OVERRIDE_PREFIX = "AzureFunctionsJobHost__";

/**
 * Reads host.json, with the overrides the environment holds (`AzureFunctionsJobHost__path__to__key`).
 *
 * @throws {HostStartError} when the file is missing or broken, naming the field
 */
export function readHostJson(
  appFolder: string,
  environment: NodeJS.ProcessEnv,
): HostJson & { readonly misspelt: ReturnType<typeof misspeltNames> } {
  const file = path.join(appFolder, "host.json");
  if (!existsSync(file)) {
    throw new HostStartError(`There is no host.json in '${appFolder}', expected at least {"version":"2.0"}.`);
  }
  let raw: unknown;
  try {
    raw = parseJsonWithComments(readFileSync(file, "utf8"));
  } catch (error) {
    throw new HostStartError(`host.json in '${appFolder}' is not JSON: ${messageOf(error)}`);
  }
  const overridden = Object.entries(environment)
    .filter(([name]) => name.toLowerCase().startsWith(OVERRIDE_PREFIX.toLowerCase()))
    .reduce(
      (json, [name, value]) => overrideAt(json, name.slice(OVERRIDE_PREFIX.length).split("__"), value ?? ""),
      raw,
    );
  const parsed = HostJson.safeParse(overridden);
  if (parsed.success) return { ...parsed.data, misspelt: misspeltNames(overridden) };
  const issues = parsed.error.issues.map((issue) => `${issue.path.join(".") || "(root)"}: ${issue.message}`);
  throw new HostStartError(`host.json in '${appFolder}' is wrong: ${issues.join("; ")}`);
}

function overrideAt(json: unknown, keys: readonly string[], value: string): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return scalar(value);
  const object: Record<string, unknown> = typeof json === "object" && json !== null ? { ...json } : {};
  const present = Object.keys(object).find((name) => name.toLowerCase() === key.toLowerCase()) ?? key;
  object[present] = overrideAt(object[present], rest, value);
  return object;
}

/** Settings are texts; `true`, numbers and JSON values are meant as such, unless the field takes a text anyway. */
function scalar(text: string): unknown {
  if (!/^(true|false|-?\d+(\.\d+)?|\[.*\]|\{.*\})$/s.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
