import { closest, distance } from "fastest-levenshtein";

/** The settings that Azure reads, by where they stand. Source: host.json reference for Azure Functions 2.x and later. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  "": [
    ...["version", "aggregator", "applicationInsights", "concurrency", "customHandler", "extensionBundle"],
    ...[
      "extensions",
      "functionTimeout",
      "functions",
      "healthMonitor",
      "logging",
      "managedDependency",
      "retry",
    ],
    ...["sendCanceledInvocationsToWorker", "singleton", "telemetryMode", "watchDirectories", "watchFiles"],
  ],
  extensions: [
    ...["http", "serviceBus", "eventHubs", "durableTask", "queues", "blobs", "tables", "cosmosDB"],
    ...["eventGrid", "signalR", "sendGrid", "kafka", "mysql", "sql", "warmup"],
  ],
  "extensions.http": [
    ...["routePrefix", "maxOutstandingRequests", "maxConcurrentRequests", "dynamicThrottlesEnabled"],
    ...["customHeaders", "hsts"],
  ],
  "extensions.serviceBus": [
    ...["clientRetryOptions", "prefetchCount", "transportType", "webProxy", "autoCompleteMessages"],
    ...["maxAutoLockRenewalDuration", "maxConcurrentCalls", "maxConcurrentSessions", "sessionIdleTimeout"],
    ...["maxConcurrentCallsPerSession", "maxMessageBatchSize", "minMessageBatchSize", "maxBatchWaitTime"],
    ...["enableCrossEntityTransactions"],
  ],
  "extensions.eventHubs": [
    ...["maxEventBatchSize", "minEventBatchSize", "maxWaitTime", "batchCheckpointFrequency", "prefetchCount"],
    ...["transportType", "clientRetryOptions", "initialOffsetOptions", "targetUnprocessedEventThreshold"],
  ],
  "extensions.durableTask": [
    ...["hubName", "storageProvider", "tracing", "notifications", "httpSettings", "defaultVersion"],
    ...["versionMatchStrategy", "versionFailureStrategy", "maxConcurrentActivityFunctions"],
    ...["maxConcurrentOrchestratorFunctions", "maxConcurrentEntityFunctions", "extendedSessionsEnabled"],
    ...["extendedSessionIdleTimeoutInSeconds", "maxOrchestrationActions", "useAppLease", "appLeaseOptions"],
    ...["overridableExistingInstanceStates", "entityMessageReorderWindowInMinutes", "useGracefulShutdown"],
    ...["maxEntityOperationBatchSize", "storeInputsInOrchestrationHistory", "localRpcEndpointEnabled"],
    ...["rollbackEntityOperationsOnExceptions", "grpcEnabled", "maxGrpcMessageSizeInBytes"],
  ],
  logging: ["fileLoggingMode", "logLevel", "console", "applicationInsights"],
};

/** Two slips of a key: farther away, it may be a setting of an extension that this list has never heard of. */
const MOST_SLIPS = 2;

/**
 * Names in host.json that Azure would pass over in silence, and that resemble one it reads.
 *
 * @param json - host.json as parsed; names count in any case, as in Azure
 */
export function misspeltNames(json: unknown, place = ""): { path: string; meant: string }[] {
  const known = NAMES[place];
  if (known === undefined || typeof json !== "object" || json === null) return [];
  return Object.entries(json).flatMap(([name, value]) => {
    const path = place === "" ? name : `${place}.${name}`;
    const exact = known.find((one) => one.toLowerCase() === name.toLowerCase());
    if (exact !== undefined) return misspeltNames(value, place === "" ? exact : `${place}.${exact}`);
    const near = closest(name, known);
    return distance(name, near) <= MOST_SLIPS ? [{ path, meant: near }] : [];
  });
}
