import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { type MetricAlertResource, MonitorClient } from "@azure/arm-monitor";
import { expect, onTestFinished } from "vitest";
import { ensureCertificates } from "../../../../local/azure/front/certificates.ts";
import { startFront } from "../../../../local/azure/front/index.ts";
import { createMonitor, type MonitorOptions } from "../../../../local/azure/monitor/index.ts";
import type { RequestLog, ScoredRequest, Service } from "../../../../local/azure/service.ts";
import { ManualClock } from "../../../../local/clock.ts";
import { eventually } from "../../../waiting.ts";

export const SUBSCRIPTION = "00000000-0000-0000-0000-000000000001";
export const GROUP = "rg-outerloop";
export const ML_WORKSPACE = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers/Microsoft.MachineLearningServices/workspaces/mlw-outerloop`;
export const ENDPOINT = `${ML_WORKSPACE}/onlineEndpoints/Weather`;
export const ACTION_GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers/Microsoft.Insights/actionGroups/on-duty`;
export const NOON = Date.UTC(2026, 0, 1, 12);
export const MINUTE = 60_000;
export const LOG: RequestLog = {
  method: "POST",
  path: "/score",
  protocol: "HTTP/1.1",
  authType: "Key",
  requestBytes: 512,
  responseBytes: 128,
  userAgent: "curl/8",
  requestId: "9c1d",
  clientRequestId: "c-1",
  reason: "",
  modelReason: "",
};

const EVENTS = new URL("../../../fixtures/events/", import.meta.url);
/** A payload as Azure has published it. */
export const published = (name: string) => JSON.parse(readFileSync(new URL(name, EVENTS), "utf8"));

let trusted: ReturnType<typeof ensureCertificates> | undefined;

/** One certificate for a test file, trusted by its clients. */
async function trustedCertificates() {
  trusted ??= (async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "monitor-tls-"));
    const tls = await ensureCertificates(folder, Date.now());
    setDefaultCACertificates([...getCACertificates("default"), await readFile(tls.caFile, "utf8")]);
    await rm(folder, { recursive: true });
    return tls;
  })();
  return trusted;
}

/** Takes what is to be done at the end: of the test, unless a group of tests has another. */
export type OnEnd = (end: () => void | Promise<void>) => void;

/** Serves services over TLS until the end. */
export async function serve(services: Service[], onEnd: OnEnd = onTestFinished): Promise<string> {
  const front = await startFront({ port: 0, tls: await trustedCertificates(), services });
  onEnd(() => front.stop());
  return `https://localhost:${front.port}`;
}

export const credential = {
  getToken: async () => ({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 }),
};
export const authenticate = (headers: Readonly<Record<string, string>>) =>
  headers.authorization === "Bearer t";

export async function newFolder(onEnd: OnEnd = onTestFinished): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "monitor-"));
  onEnd(() => rm(folder, { recursive: true }));
  return folder;
}

export type MonitorFixture = Awaited<ReturnType<typeof startMonitor>>;

/** The stand-in behind the real front at noon of 1 January 2026, and clients of it. */
export async function startMonitor(
  options: Partial<MonitorOptions> & { clock?: ManualClock } = {},
  onEnd: OnEnd = onTestFinished,
) {
  const data = options.data ?? (await newFolder(onEnd));
  const clock = options.clock ?? new ManualClock(NOON);
  const monitor = createMonitor({ location: "westeurope", authenticate, ...options, data, clock });
  let isStopped = false;
  const stop = async () => {
    if (!isStopped) await monitor.service.stop?.();
    isStopped = true;
  };
  onEnd(stop);
  const origin = await serve([monitor.service], onEnd);
  const client = new MonitorClient(credential, SUBSCRIPTION, {
    endpoint: origin,
    retryOptions: { maxRetries: 0 },
  });
  const call = (method: string, target: string, body?: unknown, headers: Record<string, string> = {}) =>
    fetch(`${origin}${target}`, {
      method,
      headers: { authorization: "Bearer t", "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
  return { monitor, clock, data, origin, client, call, record: recorder(monitor.record), stop };
}

/** Waits until so many calls have arrived and been noted as such: until then, time that passes is a timeout. */
export function delivered({ monitor }: Pick<MonitorFixture, "monitor">, count: number): Promise<void> {
  return eventually(() => expect(monitor.service.stats?.().alertsDelivered).toBe(count));
}

/** Records requests `at` a time; 200 in 10 ms by `blue` unless told otherwise. */
function recorder(record: (request: ScoredRequest) => void) {
  return (at: number, more: Partial<ScoredRequest> = {}, count = 1) => {
    for (let n = 0; n < count; n++) {
      record({ endpointId: ENDPOINT, deployment: "blue", at, statusCode: 200, durationMs: 10, ...more });
    }
  };
}

/** An action group that calls `url` with the common alert schema. */
export async function putGroup({ client }: MonitorFixture, url: string, useCommonAlertSchema = true) {
  return client.actionGroups.createOrUpdate(GROUP, "on-duty", {
    location: "global",
    groupShortName: "on-duty",
    enabled: true,
    webhookReceivers: [{ name: "outerloop", serviceUri: url, useCommonAlertSchema }],
  });
}

/** More than 10 answers of 5xx a minute, over five minutes, looked at every minute. */
export function errorsRule(more: Partial<MetricAlertResource> = {}): MetricAlertResource {
  return {
    location: "global",
    description: "5xx per minute above 10 on one deployment",
    severity: 1,
    enabled: true,
    scopes: [ENDPOINT],
    evaluationFrequency: "PT1M",
    windowSize: "PT5M",
    criteria: {
      odataType: "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
      allOf: [errorsCriterion()],
    },
    actions: [{ actionGroupId: ACTION_GROUP }],
    ...more,
  };
}

export function errorsCriterion() {
  return {
    criterionType: "StaticThresholdCriterion" as const,
    name: "errors",
    metricName: "RequestsPerMinute",
    metricNamespace: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
    operator: "GreaterThan",
    threshold: 10,
    timeAggregation: "Average",
    dimensions: [
      { name: "deployment", operator: "Include", values: ["*"] },
      { name: "statusCodeClass", operator: "Include", values: ["5xx"] },
      { name: "modelStatusCode", operator: "Include", values: ["*"] },
    ],
  };
}
