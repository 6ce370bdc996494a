import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { bundleOf } from "../bundled.ts";
import { DEFAULT_WORLD, ENDPOINTS } from "../world/worlds.ts";
import { type Child, startChild } from "./child.ts";
import type { SystemOptions } from "./options.ts";
import { appSettings, CloudAddresses } from "./settings.ts";
import { stream } from "./stream.ts";
import { subscribe } from "./subscribe.ts";
import { watch } from "./watch.ts";

/** Where everything is. */
export interface Addresses {
  readonly host: string;
  readonly console: string;
  readonly mailbox: string;
  readonly world: string;
  readonly labelling: string;
  readonly azure: string;
  readonly serviceBus: string;
  readonly storage: string;
  readonly data: string;
}

export interface System {
  readonly addresses: Addresses;
  /** What the simulated Azure said about itself: what a data scientist's own tools need. */
  readonly cloud: CloudAddresses;
  /** Resolves when a part has ended without being asked to. */
  readonly broken: Promise<string>;
  stop(): Promise<void>;
}

const ROOT = resolve(import.meta.dirname, "../..");
/** Compiled code, and TypeScript without its types, are kept for the next start: in Node's own folder for it. */
const COMPILE_CACHE = { NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache") };

/** Bundles the parts that have changed, so that none of them has to when it starts. */
export async function bundleParts(): Promise<void> {
  const parts = ["local/system/cloud-process.ts", "local/host/index.ts"];
  await Promise.all(parts.map((part) => bundleOf(pathToFileURL(join(ROOT, part)))));
}

/**
 * Starts the simulated Azure, then the host with the app, then lets the one tell the other its events.
 *
 * @param environment - more app settings, over the usual ones
 * @throws {StartError} when a part does not start; everything else has been stopped by then
 */
export async function startSystem(
  options: Omit<SystemOptions, "json" | "world"> & Partial<Pick<SystemOptions, "world">>,
  environment: Readonly<Record<string, string>> = {},
): Promise<System> {
  const { data, world = DEFAULT_WORLD } = options;
  const logs = join(data, "logs");
  await mkdir(logs, { recursive: true });
  const children: Child[] = [];
  const stop = async () => {
    // The host first, so that it does not complain about an Azure that is gone.
    for (const child of [...children].reverse()) await child.stop();
  };
  try {
    const cloudArgs = [
      ["--azure-port", options.azurePort],
      ["--amqp-port", options.amqpPort],
      ["--storage-port", options.storagePort],
      ["--world", world],
      ["--seconds-per-day", options.secondsPerDay],
      ["--data", join(data, "azure")],
    ].flat();
    const cloudChild = await startChild(join(ROOT, "local/system/cloud.ts"), cloudArgs.map(String), {
      env: COMPILE_CACHE,
      cwd: ROOT,
      logFile: join(logs, "azure.log"),
    });
    children.push(cloudChild);
    const cloud = CloudAddresses.parse(cloudChild.ready);

    const hostArgs = ["--app", ROOT, "--port", String(options.port), "--data", join(data, "host"), "--json"];
    const hostChild = await startChild(join(ROOT, "local/host/main.ts"), hostArgs, {
      env: { ...COMPILE_CACHE, ...(await appSettings(cloud, data)), ...environment },
      cwd: ROOT,
      logFile: join(logs, "host.log"),
    });
    children.push(hostChild);
    const host = String(hostChild.ready.url).replace(/\/$/, "");
    await Promise.all([subscribe(cloud, host), watch(cloud, host), stream(cloud, ENDPOINTS[world])]);
    cloudChild.begin();
    const broken = Promise.race([
      cloudChild.ended.then(() => "The simulated Azure has ended"),
      hostChild.ended.then(() => "The host has ended"),
    ]);
    return { addresses: addressesOf(host, cloud, data), cloud, broken, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function addressesOf(host: string, cloud: CloudAddresses, data: string): Addresses {
  return {
    host,
    console: `${host}/console`,
    mailbox: `${cloud.httpOrigin}/mailbox`,
    world: `${cloud.httpOrigin}/_world`,
    labelling: `${cloud.httpOrigin}/labelling`,
    azure: cloud.origin,
    serviceBus: cloud.serviceBusConnectionString,
    storage: cloud.storageConnectionString,
    data,
  };
}
