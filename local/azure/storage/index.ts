import { type Clock, systemClock } from "../../clock.ts";
import type { Faults } from "../faults/faults.ts";
import { BlobService } from "./blobs/service.ts";
import { Database } from "./database.ts";
import { type Server, type StorageLog, serve, serveNothing } from "./server.ts";
import { TableService } from "./tables/service.ts";

/** The account and key that every storage emulator has: public knowledge, good for loopback alone. */
export const DEVELOPMENT_ACCOUNT = "devstoreaccount1";
export const DEVELOPMENT_KEY =
  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

export interface StorageOptions {
  /** Of the blob service; queues (answered 501) on the next, tables on the one after it. 0: three free ones. */
  readonly port: number;
  /** Folder that keeps everything, in one SQLite file. Made when missing. */
  readonly data: string;
  readonly account?: string;
  /** Base64. */
  readonly key?: string;
  readonly clock?: Clock;
  /** Told of failures that are this service's own fault. */
  readonly log?: StorageLog;
  /** What goes wrong on demand. */
  readonly faults?: Faults;
}

export interface Storage {
  readonly blobPort: number;
  readonly queuePort: number;
  readonly tablePort: number;
  readonly connectionString: string;
  /** Counts since the start. */
  stats(): Record<string, number>;
  /** Stops listening, then commits and closes the file. */
  stop(): Promise<void>;
}

/**
 * Starts the blob and the table service on the loopback interface, for the real Azure clients.
 *
 * @throws {Error} that names the port, when one is in use; nothing is left running then
 */
export async function startStorage(options: StorageOptions): Promise<Storage> {
  const { port, data, clock = systemClock, log = console.error, faults } = options;
  const account = { name: options.account ?? DEVELOPMENT_ACCOUNT, key: options.key ?? DEVELOPMENT_KEY };
  const nth = (offset: number) => (port === 0 ? 0 : port + offset);
  const database = new Database(data, clock);
  const servers: Server[] = [];
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()));
    database.close();
  };
  try {
    const blob = await serve(new BlobService(database, clock, account), account, nth(0), clock, log, faults);
    servers.push(blob);
    const queue = await serveNothing("queue", nth(1));
    servers.push(queue);
    const table = await serve(new TableService(database), account, nth(2), clock, log, faults);
    servers.push(table);
    return {
      blobPort: blob.port,
      queuePort: queue.port,
      tablePort: table.port,
      connectionString: connectionString(account, blob.port, table.port),
      stats: () => database.stats(),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function connectionString(
  account: { name: string; key: string },
  blobPort: number,
  tablePort: number,
): string {
  return [
    "DefaultEndpointsProtocol=http",
    `AccountName=${account.name}`,
    `AccountKey=${account.key}`,
    `BlobEndpoint=http://127.0.0.1:${blobPort}/${account.name}`,
    `TableEndpoint=http://127.0.0.1:${tablePort}/${account.name}`,
  ].join(";");
}
