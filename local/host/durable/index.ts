/** The durable engine of the embedded host: orchestrations, activities and entities that survive the process. */
import type { Clock } from "../../clock.ts";
import type { FunctionInvoker, HostLog } from "../contract.ts";
import { type Addresses, clientBinding } from "./client-binding.ts";
import { readConfig } from "./config.ts";
import { Engine } from "./engine.ts";
import type { DurableRequest } from "./instance-routes.ts";
import { type DurableResponse, RefusedError } from "./responses.ts";
import { handleRequest } from "./routes.ts";
import { Store } from "./store.ts";

export interface DurableOptions {
  /** SQLite file that holds everything; one process at a time may open it. */
  readonly file: string;
  /** `extensions.durableTask` of host.json, unread. */
  readonly config: unknown;
  readonly clock: Clock;
  readonly invoker: FunctionInvoker;
  readonly log: HostLog;
  /** Fails an instance that walks into a known fault of the protocol, instead of only logging it. */
  readonly strict?: boolean;
}

export interface DurableExtension {
  /** Takes up what the file holds and begins to dispatch. The function list must be complete by now. */
  start(addresses: Addresses): Promise<void>;
  /** Dispatches nothing until it goes on, also when called before `start`. Clients are still served. */
  pause(): void;
  goOn(): void;
  /** Stops dispatching, waits for running functions, closes the file. */
  stop(): Promise<void>;
  /** JSON text for `durableClient` inputs. @throws before `start` */
  clientBinding(): string;
  /** Serves the management API, for both of its prefixes. Never rejects. */
  handle(request: DurableRequest): Promise<DurableResponse>;
  /** Settles when nothing but timers is left to wait for: a test then moves the clock. */
  idle(): Promise<void>;
}

/** @throws when the settings are not valid, or the file is held by another process */
export function openDurableExtension(options: DurableOptions): DurableExtension {
  const config = readConfig(options.config);
  const store = new Store(options.file);
  const engine = new Engine({ ...options, store, config, strict: options.strict ?? false });
  let addresses: Addresses | undefined;
  let isOpen = true;
  const started = (): Addresses => {
    if (addresses) return addresses;
    throw new RefusedError(503, "The durable engine has not started: call start first.");
  };
  return {
    start: async (given) => {
      addresses = given;
      engine.recover();
    },
    pause: () => engine.pause(),
    goOn: () => engine.goOn(),
    stop: async () => {
      if (!isOpen) return;
      isOpen = false;
      await engine.stop();
      store.close();
    },
    clientBinding: () => clientBinding(started(), config.hubName, config.localRpcEndpointEnabled),
    handle: async (request) => {
      if (!addresses || !isOpen) return { status: 503, headers: {}, body: "" };
      return handleRequest({ engine, addresses }, request);
    },
    idle: () => engine.idle(),
  };
}
