import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DEFAULT_WORLD, ENDPOINTS } from "../world/worlds.ts";
import { type Child, StartError, startChild } from "./child.ts";
import type { SystemOptions } from "./options.ts";
import { openResourceManager } from "./resource-manager.ts";
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
/** What runs, a process each. */
export const PROGRAMS = { azure: "local/system/cloud-process.ts", host: "local/host/command.ts" } as const;

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
    const start = (program: string, args: readonly unknown[], env: Record<string, string>, log: string) => {
      const child = startChild(program, args.map(String), { env, cwd: ROOT, logFile: join(logs, log) });
      children.push(child);
      return child;
    };
    const azureArgs = [
      ["--azure-port", options.azurePort],
      ["--amqp-port", options.amqpPort],
      ["--storage-port", options.storagePort],
      ["--world", world],
      ["--seconds-per-day", options.secondsPerDay],
      ["--data", join(data, "azure")],
    ].flat();
    const azure = start(PROGRAMS.azure, azureArgs, {}, "azure.log");
    const cloud = CloudAddresses.parse(await azure.ready);

    const hostArgs = ["--app", ROOT, "--port", options.port, "--data", join(data, "host"), "--json"];
    const host = start(
      PROGRAMS.host,
      hostArgs,
      { ...(await appSettings(cloud, data)), ...environment },
      "host.log",
    );
    const azureLost = azure.ended.then((words) => {
      throw new StartError(words);
    });
    const hostUrl = await Promise.race([wire(cloud, host, ENDPOINTS[world]), azureLost]);
    azure.begin();
    const broken = Promise.race([
      azure.ended.then(() => "The simulated Azure has ended"),
      host.ended.then(() => "The host has ended"),
    ]);
    return { addresses: addressesOf(hostUrl, cloud, data), cloud, broken, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Lets Azure tell the host what it has to know, as a deployment does it. @returns where the host is */
async function wire(cloud: CloudAddresses, host: Child, endpoint: string): Promise<string> {
  const manager = await openResourceManager(cloud);
  const [ready] = await Promise.all([host.ready, stream(manager, cloud, endpoint)]);
  const hostUrl = String(ready.url).replace(/\/$/, "");
  await Promise.all([subscribe(manager, cloud, hostUrl), watch(manager, cloud, hostUrl)]);
  return hostUrl;
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
