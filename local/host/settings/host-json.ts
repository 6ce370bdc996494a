import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import * as z from "zod/mini";
import { HostStartError, messageOf } from "../errors.ts";
import { wordsOf } from "../zod-words.ts";
import { misspeltNames } from "./host-json-names.ts";
import { lineOfComment, parseLenientJson } from "./lenient-json.ts";
import { parseTimeSpan } from "./time-span.ts";

/** Milliseconds, of a text that `read` understands. */
const timeSpan = (read: (text: string) => number | undefined, expected: string) =>
  z.pipe(
    z.string(),
    z.transform((text, context) => {
      const ms = read(text);
      if (ms === undefined) {
        context.issues.push({
          code: "custom",
          input: text,
          message: `found '${text}', expected ${expected}`,
        });
      }
      return ms ?? 0;
    }),
  );
const TimeSpan = timeSpan(parseTimeSpan, "a time span hh:mm:ss");
const Timeout = timeSpan(
  (text) => (text === "-1" ? -1 : parseTimeSpan(text)),
  "a time span hh:mm:ss, or -1 for no limit",
);

const count = (least: number) => z.int().check(z.minimum(least));

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
  routePrefix: z._default(z.string(), "api"),
  /** -1: no limit. */
  maxOutstandingRequests: z._default(count(-1), -1),
  /** Those beyond wait in line; -1: no limit. */
  maxConcurrentRequests: z._default(count(-1), -1),
  customHeaders: z._default(z.record(z.string(), z.string()), {}),
});

const ServiceBus = z.looseObject({
  autoCompleteMessages: z._default(z.boolean(), true),
  maxConcurrentCalls: z._default(count(1), 16 * availableParallelism()),
  maxConcurrentSessions: z._default(count(1), 8),
  maxConcurrentCallsPerSession: z._default(count(1), 1),
  maxAutoLockRenewalDuration: z._default(TimeSpan, 5 * 60_000),
  maxMessageBatchSize: z._default(count(1), 1000),
  minMessageBatchSize: z._default(count(1), 1),
  maxBatchWaitTime: z._default(TimeSpan, 30_000),
  sessionIdleTimeout: z._default(TimeSpan, 60_000),
});

const EventHubs = z.looseObject({
  maxEventBatchSize: z._default(count(1), 100),
  minEventBatchSize: z._default(count(1), 1),
  maxWaitTime: z._default(TimeSpan, 60_000),
  batchCheckpointFrequency: z._default(count(1), 1),
  prefetchCount: z._default(count(1), 300),
  initialOffsetOptions: z.prefault(
    z.looseObject({
      type: z._default(z.enum(["fromStart", "fromEnd", "fromEnqueuedTime"]), "fromStart"),
      enqueuedTimeUtc: z.optional(z.iso.datetime({ offset: true })),
    }),
    {},
  ),
});

const HostJson = z.looseObject({
  version: z.literal("2.0"),
  /** Milliseconds, -1 for none. */
  functionTimeout: z.prefault(z.pipe(z.transform(String), Timeout), "00:30:00"),
  functions: z.optional(z.array(z.string())),
  logging: z.prefault(z.looseObject({ logLevel: z._default(z.record(z.string(), z.string()), {}) }), {}),
  retry: z.optional(Retry),
  extensions: z.prefault(
    z.looseObject({
      http: z.prefault(Http, {}),
      serviceBus: z.prefault(ServiceBus, {}),
      eventHubs: z.prefault(EventHubs, {}),
      durableTask: z.optional(z.unknown()),
    }),
    {},
  ),
});

export type HostJson = z.infer<typeof HostJson>;
export type EventHubsOptions = z.infer<typeof EventHubs>;

/** Azure/azure-functions-host issue 9583: Microsoft does not support them, and not every reader of the file passes them over. */
const WHY_NO_COMMENT =
  "Azure does not support them, and parts of it then pass over the whole file without a word.";

const OVERRIDE_PREFIX = "AzureFunctionsJobHost__";

/**
 * Reads host.json, with the overrides the environment holds (`AzureFunctionsJobHost__path__to__key`).
 *
 * @throws {HostStartError} when the file is missing or broken, naming the field
 */
export function readHostJson(appFolder: string, environment: NodeJS.ProcessEnv): HostJson {
  const file = path.join(appFolder, "host.json");
  if (!existsSync(file)) {
    throw new HostStartError(`There is no host.json in '${appFolder}', expected at least {"version":"2.0"}.`);
  }
  const text = readFileSync(file, "utf8");
  const line = lineOfComment(text);
  if (line !== undefined) {
    throw new HostStartError(
      `host.json in '${appFolder}' has a comment in line ${line}, expected JSON without comments: ${WHY_NO_COMMENT}`,
    );
  }
  let raw: unknown;
  try {
    raw = parseLenientJson(text);
  } catch (error) {
    throw new HostStartError(`host.json in '${appFolder}' is not JSON: ${messageOf(error)}`);
  }
  const overridden = Object.entries(environment)
    .filter(([name]) => name.toLowerCase().startsWith(OVERRIDE_PREFIX.toLowerCase()))
    .reduce(
      (json, [name, value]) => overrideAt(json, name.slice(OVERRIDE_PREFIX.length).split("__"), value ?? ""),
      raw,
    );
  const { data, error } = HostJson.safeParse(overridden);
  const wrong = [
    ...(error ? [wordsOf(error)] : []),
    ...misspeltNames(overridden).map(
      ({ path: name, meant }) =>
        `'${name}' is no setting, and Azure passes over a name it does not know. Did you mean '${meant}'?`,
    ),
  ];
  if (data && wrong.length === 0) return data;
  throw new HostStartError(`host.json in '${appFolder}' is wrong: ${wrong.join("; ")}`);
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
