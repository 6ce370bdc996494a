import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { AzureMachineLearningWorkspaces } from "@azure/arm-machinelearning";
import { afterAll, onTestFinished } from "vitest";
import { ensureCertificates } from "../../../../local/azure/front/certificates.ts";
import { startFront } from "../../../../local/azure/front/index.ts";
import { createIdentity } from "../../../../local/azure/identity/index.ts";
import { createMachineLearning } from "../../../../local/azure/machine-learning/index.ts";
import type { RaisedEvent, ScoredRequest } from "../../../../local/azure/service.ts";
import { systemClock } from "../../../../local/clock.ts";
import { type RunningWorld, startWorld, type WorldOptions } from "../../../../local/world/driver/index.ts";
import { createWorldLabelling } from "../../../../local/world/world-labelling.ts";
import type { WorldName } from "../../../../local/world/worlds.ts";

const SUBSCRIPTION = "00000000-0000-0000-0000-000000000001";
const AT: [string, string] = ["rg-outerloop", "mlw-outerloop"];
const WORKSPACE_ID = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${AT[0]}/providers/Microsoft.MachineLearningServices/workspaces/${AT[1]}`;
const LOCATION = "westeurope";

export type Azure = Awaited<ReturnType<typeof startAzure>>;

let trusted: Promise<Awaited<ReturnType<typeof makeTrust>>> | undefined;
/** One authority and one identity for the file: a process keeps both, and a credential its endpoint too. */
const trust = () => {
  trusted ??= makeTrust();
  return trusted;
};

async function makeTrust() {
  const folder = await mkdtemp(path.join(tmpdir(), "world-trust-"));
  const certificates = await ensureCertificates(folder, Date.now());
  setDefaultCACertificates([...getCACertificates("default"), await readFile(certificates.caFile, "utf8")]);
  const identity = await createIdentity({ data: folder });
  const front = await startFront({ port: 0, tls: certificates, services: [identity.service] });
  const endpoint = `http://127.0.0.1:${front.port}${identity.endpointPath}`;
  return { ...certificates, folder, identity, front, endpoint };
}

afterAll(async () => {
  if (!trusted) return;
  const { front, folder } = await trusted;
  await front.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Identity, Azure ML and the labelling queue behind the real front; everything is gone when the test ends. */
export async function startAzure(world: WorldName = "classical") {
  const data = await mkdtemp(path.join(tmpdir(), "world-"));
  onTestFinished(() => rm(data, { recursive: true, force: true }));
  const { key, cert, caFile, identity, endpoint } = await trust();
  const events: RaisedEvent[] = [];
  const scored: ScoredRequest[] = [];
  const { services: machineLearning } = createMachineLearning({
    data: path.join(data, "azure"),
    clock: systemClock,
    subscriptionId: SUBSCRIPTION,
    resourceGroup: AT[0],
    location: LOCATION,
    workspaces: [AT[1]],
    raise: (event) => void events.push(event),
    record: (request) => void scored.push(request),
    provisioning: { endpointMs: 0, deploymentMs: 0, deleteMs: 0 },
    authenticate: identity.authenticate,
    jobEnvironment: {
      NODE_EXTRA_CA_CERTS: caFile,
      // Each script is compiled once for all tests.
      NODE_COMPILE_CACHE: path.join(tmpdir(), "node-compile-cache"),
    },
  });
  const labelling = createWorldLabelling({ data: path.join(data, "labelling"), clock: systemClock });
  const services = [...machineLearning, labelling];
  const front = await startFront({ port: 0, tls: { key, cert }, services });
  onTestFinished(async () => {
    await front.stop();
    for (const service of services) await service.stop?.();
  });
  const origin = `https://localhost:${front.port}`;
  const options = {
    world,
    azureOrigin: origin,
    workspaceId: WORKSPACE_ID,
    identity: { endpoint, header: identity.identityHeader },
    data: path.join(data, "world"),
  };
  const client = await clientOf(options.identity, origin);
  return {
    data,
    caFile,
    events,
    scored,
    client,
    at: AT,
    options,
    serve: (version: string, model = "weather-max") => serve(client, model, version),
  };
}

/** The real client, with a token of the identity endpoint. */
async function clientOf({ endpoint, header }: WorldOptions["identity"], origin: string) {
  const answer = await fetch(`${endpoint}?api-version=2019-08-01&resource=${origin}`, {
    headers: { "x-identity-header": header },
  });
  const { access_token: token } = (await answer.json()) as { access_token: string };
  return new AzureMachineLearningWorkspaces(
    { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) },
    SUBSCRIPTION,
    { endpoint: origin, retryOptions: { maxRetries: 0 } },
  );
}

/** What the control plane does once a version is approved: deploys it, and gives it all traffic. */
async function serve(client: AzureMachineLearningWorkspaces, name: string, version: string): Promise<void> {
  const endpoint = { location: LOCATION, properties: { authMode: "Key" } };
  const wait = { updateIntervalInMs: 20 };
  await client.onlineEndpoints.beginCreateOrUpdateAndWait(...AT, name, endpoint, wait);
  const model = `${WORKSPACE_ID}/models/${name}/versions/${version}`;
  await client.onlineDeployments.beginCreateOrUpdateAndWait(
    ...AT,
    name,
    `v${version}-blue`,
    {
      location: LOCATION,
      sku: { name: "Default", capacity: 1 },
      properties: { endpointComputeType: "Managed", model, instanceType: "Standard_DS3_v2" },
    },
    wait,
  );
  await client.onlineEndpoints.beginCreateOrUpdateAndWait(
    ...AT,
    name,
    { ...endpoint, properties: { ...endpoint.properties, traffic: { [`v${version}-blue`]: 100 } } },
    wait,
  );
}

/** Starts the world on that Azure; it stops before the Azure does. */
export async function startWorldOn(azure: Azure, secondsPerDay = 3_600): Promise<RunningWorld> {
  const world = await startWorld({ ...azure.options, clock: systemClock, secondsPerDay, log: () => {} });
  onTestFinished(() => world.stop());
  return world;
}

/** The same in a process of its own, for a test to kill -9. */
export function spawnWorld(azure: Azure, secondsPerDay: number) {
  const options = JSON.stringify({ ...azure.options, caFile: azure.caFile, secondsPerDay });
  const child = spawn(process.execPath, [path.join(import.meta.dirname, "world-process.ts"), options], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = once(child, "exit");
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  onTestFinished(kill);
  return { kill };
}

/** Sends a request to the world's own service, as the front would. */
export async function ask(world: RunningWorld, body?: unknown): Promise<Record<string, unknown>> {
  const answer = await world.service.handle({
    method: body === undefined ? "GET" : "POST",
    path: "/_world",
    segments: ["_world"],
    query: new URLSearchParams(),
    headers: {},
    body: new TextEncoder().encode(body === undefined ? "" : JSON.stringify(body)),
    origin: "http://127.0.0.1",
    signal: new AbortController().signal,
  });
  return { httpStatus: answer?.status, ...(answer?.body as object) };
}
