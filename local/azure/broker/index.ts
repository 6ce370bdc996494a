/** The local AMQP 1.0 broker: what Service Bus and Event Hubs are to the app, on the loopback interface. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { type Clock, systemClock } from "../../clock.ts";
import { type BrokerConfig, parseConfig } from "./config.ts";
import { Entities } from "./entities.ts";
import { Links } from "./links.ts";
import type { Log } from "./log.ts";
import { AmqpServer } from "./server.ts";
import { Store } from "./store.ts";

export { type BrokerConfig, BrokerConfigError } from "./config.ts";
export { BrokerPortError } from "./server.ts";

export interface BrokerOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** The SQLite file; made if it is not there. */
  readonly file: string;
  readonly config: BrokerConfig;
  readonly clock?: Clock;
  readonly log?: Log;
}

export interface Broker {
  readonly port: number;
  readonly serviceBusConnectionString: string;
  readonly eventHubsConnectionString: string;
  /** Counts since the file was made (`…Accepted`), and what is there now. */
  stats(): Record<string, number>;
  /** Cuts every connection, as a network failure would. */
  dropConnections(): void;
  /** Disconnects the clients and closes the file. */
  stop(): Promise<void>;
}

/**
 * Starts the broker on 127.0.0.1 and ::1.
 *
 * @throws {BrokerConfigError} when the entities are not described right
 * @throws {BrokerPortError} when the port is taken
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const config = parseConfig(options.config);
  const clock = untilStopped(options.clock ?? systemClock);
  mkdirSync(dirname(options.file), { recursive: true });
  const log = options.log ?? (() => {});
  const store = new Store(options.file, log);
  const entities = new Entities(config, store, clock);
  const server = new AmqpServer(new Links(entities, clock), log);
  let port: number;
  try {
    port = await server.listen(options.port);
  } catch (error) {
    await server.close();
    store.close();
    throw error;
  }
  const stop = async () => {
    await server.close();
    // a lock that ends later would write to a file that is closed; the next start takes up what was due
    clock.stop();
    store.close();
  };
  let stopped: Promise<void> | undefined;
  // The clients want a key; nothing checks it.
  const connectionString = `Endpoint=sb://localhost:${port};SharedAccessKeyName=local;SharedAccessKey=local;UseDevelopmentEmulator=true`;
  return {
    port,
    serviceBusConnectionString: connectionString,
    eventHubsConnectionString: connectionString,
    stats: () => ({ ...countEntities(entities), connections: server.connections, commits: store.commits }),
    dropConnections: () => server.dropConnections(),
    stop: () => (stopped ??= stop()),
  };
}

/** A clock whose timers can all be cancelled at once. */
function untilStopped(clock: Clock): Clock & { stop(): void } {
  const pending = new Set<() => void>();
  return {
    now: () => clock.now(),
    after(delayMs, task) {
      const cancel = () => {
        pending.delete(cancel);
        cancelTimer();
      };
      const cancelTimer = clock.after(delayMs, () => {
        pending.delete(cancel);
        task();
      });
      pending.add(cancel);
      return cancel;
    },
    stop() {
      for (const cancel of pending) cancel();
    },
  };
}

function countEntities(entities: Entities): Record<string, number> {
  const queues = entities.queues().filter((queue) => queue.deadLetters !== null);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    messagesAccepted: sum(queues.map((queue) => queue.lastSequenceNumber)),
    messagesHeld: sum(queues.map((queue) => queue.size)),
    messagesDeadLettered: sum(queues.map((queue) => queue.deadLetters?.size ?? 0)),
    eventsAccepted: sum(entities.hubs().map((hub) => hub.size)),
  };
}
