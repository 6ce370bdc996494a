import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { AzureMachineLearningWorkspaces } from "@azure/arm-machinelearning";
import { onTestFinished } from "vitest";
import { ensureCertificates } from "../../../../local/azure/front/certificates.ts";
import { startFront } from "../../../../local/azure/front/index.ts";
import {
  createMachineLearning,
  type MachineLearningOptions,
} from "../../../../local/azure/machine-learning/index.ts";
import type {
  MeasurementsIn,
  RaisedEvent,
  ScoredRequest,
  Service,
  UsageIn,
} from "../../../../local/azure/service.ts";
import { type Clock, ManualClock, systemClock } from "../../../../local/clock.ts";
import { type ApiVersion, loadValidator, type Validator } from "../../../specs/validator.ts";
import { GROUP, SUBSCRIPTION, WORKSPACE, WORKSPACE_ID } from "./identity.ts";

const TOKEN = "test-token";
const API_VERSION = "2022-10-01";

/** The newest description that a version of the API is held against; read when it is first asked for. */
const validators = new Map<ApiVersion, Validator>();
function validatorOf(version: string): Validator {
  const described: ApiVersion =
    /^\d{4}-/.test(version) && version >= "2023-04-01" ? "2024-04-01" : "2022-10-01";
  const validator = validators.get(described) ?? loadValidator(described);
  validators.set(described, validator);
  return validator;
}

/** What takes no time of its own is done at once. */
export const AT_ONCE = {
  endpointMs: 0,
  deploymentMs: 0,
  deleteMs: 0,
  jobStartMs: 0,
  nodesMs: 0,
  environmentMs: 0,
} as const;

/** Registers what is to be done once a test, or a file of tests, is through. */
type Finally = (task: () => Promise<void>) => void;

export interface Fixture {
  readonly data: string;
  readonly origin: string;
  readonly client: AzureMachineLearningWorkspaces;
  readonly events: RaisedEvent[];
  readonly scored: ScoredRequest[];
  readonly services: readonly Service[];
  readonly usage: UsageIn;
  readonly measured: MeasurementsIn;
  /** What the official description finds wrong with the exchanges so far. */
  readonly problems: string[];
  /** A raw call below the workspace, or of an absolute URL. */
  call(method: string, at: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  stop(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export type FixtureOptions = Partial<MachineLearningOptions> & { readonly clock?: Clock };

/** The stand-in behind the real front, on a folder that is removed when the test ends unless it was given. */
export async function start(
  options: FixtureOptions = {},
  finallyDo: Finally = onTestFinished,
): Promise<Fixture> {
  const data = options.data ?? (await newFolder(finallyDo));
  const events: RaisedEvent[] = [];
  const scored: ScoredRequest[] = [];
  const problems: string[] = [];
  const { key, cert, caFile } = await ensureCertificates(path.join(data, "certificates"), Date.now());
  const { services, usage, measured } = createMachineLearning({
    clock: systemClock,
    subscriptionId: SUBSCRIPTION,
    resourceGroup: GROUP,
    location: "westeurope",
    workspaces: [WORKSPACE],
    raise: (event) => void events.push(event),
    record: (request) => void scored.push(request),
    provisioning: AT_ONCE,
    retryAfterSeconds: 0,
    authenticate: ({ authorization }) => authorization === `Bearer ${TOKEN}`,
    jobEnvironment: { NODE_EXTRA_CA_CERTS: caFile },
    ...options,
    data,
  });
  const front = await startFront({
    port: 0,
    tls: { key, cert },
    services: services.map((service) => checked(service, problems)),
  });
  const origin = `https://localhost:${front.port}`;
  const plainOrigin = `http://localhost:${front.port}`;
  const client = new AzureMachineLearningWorkspaces(
    { getToken: async () => ({ token: TOKEN, expiresOnTimestamp: Date.now() + 3_600_000 }) },
    SUBSCRIPTION,
    { endpoint: origin, tlsOptions: { ca: await readFile(caFile, "utf8") }, retryOptions: { maxRetries: 0 } },
  );
  let isStopped = false;
  const stop = async () => {
    if (isStopped) return;
    isStopped = true;
    await front.stop();
    for (const service of services) await service.stop?.();
  };
  finallyDo(stop);
  // Where requests are counted, none is made before the test's own.
  if (!options.limits) await registerEnvironments(client);
  problems.length = 0;
  return {
    data,
    origin,
    client,
    events,
    scored,
    services,
    usage,
    measured,
    problems,
    stop,
    async call(method, at, body, headers = {}) {
      const url = /^https?:/.test(at)
        ? at.replace(origin, plainOrigin)
        : `${plainOrigin}${at.startsWith("/") ? at : `${WORKSPACE_ID}/${at}`}`;
      const full =
        url.includes("api-version") || !url.includes("/subscriptions/")
          ? url
          : `${url}${url.includes("?") ? "&" : "?"}api-version=${API_VERSION}`;
      const response = await fetch(full, {
        method,
        headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json", ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        body: text === "" ? {} : JSON.parse(text),
      };
    },
  };
}

/** What the jobs of the tests run in. */
async function registerEnvironments(client: AzureMachineLearningWorkspaces): Promise<void> {
  const properties = { image: "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04" };
  for (const name of ["e", "env"]) {
    await client.environmentVersions.createOrUpdate(GROUP, WORKSPACE, name, "1", { properties });
  }
}

/** A clock that stands still, but for what is due at once. */
export function stillClock(at: number): ManualClock {
  const clock = new ManualClock(at);
  const after = clock.after.bind(clock);
  clock.after = (delayMs, task) => {
    if (delayMs > 0) return after(delayMs, task);
    const due = setImmediate(task);
    return () => clearImmediate(due);
  };
  return clock;
}

export async function newFolder(finallyDo: Finally = onTestFinished): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "machine-learning-"));
  finallyDo(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The service, with each exchange of Resource Manager held against the official description. */
function checked(service: Service, problems: string[]): Service {
  return {
    ...service,
    name: service.name,
    async handle(request) {
      const answer = await service.handle(request);
      if (!answer || !isDescribed(request.path)) return answer;
      const requestBody =
        request.body.length === 0 ? undefined : JSON.parse(Buffer.from(request.body).toString());
      // What is undefined in an answer is not sent.
      const responseBody = answer.body === undefined ? undefined : JSON.parse(JSON.stringify(answer.body));
      const exchange = { method: request.method, path: request.path, status: answer.status };
      const version = request.query.get("api-version") ?? "";
      const responseHeaders = answer.headers ?? {};
      problems.push(
        ...validatorOf(version).problems({ ...exchange, requestBody, responseBody, responseHeaders }),
      );
      return answer;
    },
  };
}

/** Operations under way have addresses of their own, which nothing describes. */
function isDescribed(path: string): boolean {
  return path.startsWith("/subscriptions/") && !/Operation(sStatus|Results)\//.test(path);
}
