import { randomUUID } from "node:crypto";
import { RestError, TableClient, TableServiceClient } from "@azure/data-tables";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";

/** Clients that do not try again: a test wants the first answer. */
const ONCE = { retryOptions: { maxRetries: 0 } };

/** The real clients for one connection string, ours or any other. */
export function clients(connectionString: string) {
  const tableOptions = { allowInsecureConnection: true, ...ONCE };
  const blobs = BlobServiceClient.fromConnectionString(connectionString, { retryOptions: { maxTries: 1 } });
  return {
    table: (name: string) => TableClient.fromConnectionString(connectionString, name, tableOptions),
    tables: TableServiceClient.fromConnectionString(connectionString, tableOptions),
    blobs,
  };
}

export type Clients = ReturnType<typeof clients>;

/** Names that no other test uses, so that the same tests can run against an account that is not empty. */
export const freshTableName = () => `t${randomUUID().replaceAll("-", "")}`;
export const freshContainerName = () => `c-${randomUUID()}`;

export async function freshTable(of: Clients): Promise<TableClient> {
  const table = of.table(freshTableName());
  await table.createTable();
  return table;
}

export async function freshContainer(of: Clients): Promise<ContainerClient> {
  const container = of.blobs.getContainerClient(freshContainerName());
  await container.create();
  return container;
}

export interface Refusal {
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly message: string;
}

/** What the service refused with. Table errors carry their code in the body alone. */
export async function refusal(attempt: Promise<unknown>): Promise<Refusal> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof RestError) return describe(error);
    if (error instanceof Error && "statusCode" in error) return describe(error);
    throw error;
  }
  throw new Error("The service accepted what it was expected to refuse.");
}

function describe(error: Error & { statusCode?: unknown; code?: unknown; details?: unknown }): Refusal {
  const status = typeof error.statusCode === "number" ? error.statusCode : undefined;
  return { status, code: codeOf(error), message: error.message };
}

function codeOf(error: { code?: unknown; details?: unknown }): string | undefined {
  if (typeof error.code === "string") return error.code;
  const { details } = error;
  if (typeof details !== "object" || details === null) return undefined;
  const inner = "odataError" in details ? details.odataError : undefined;
  if (typeof inner === "object" && inner !== null && "code" in inner) return String(inner.code);
  return "errorCode" in details ? String(details.errorCode) : undefined;
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  return Array.fromAsync(items);
}
