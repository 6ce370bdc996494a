import { randomUUID } from "node:crypto";
import type { Binding, Invocation, TypedData } from "../contract.ts";
import { type AppSettings, connectionString } from "../settings/app-settings.ts";

const DEFAULT_CONNECTION = "AzureWebJobsStorage";

/**
 * Writes one blob, into a container that is made when it is missing.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-blob-output
 */
export async function writeBlob(
  binding: Binding,
  data: TypedData,
  invocation: Invocation,
  settings: AppSettings,
): Promise<void> {
  const path = fillIn(binding, invocation);
  const slash = path.indexOf("/");
  if (slash < 1) throw new Error(`Output '${binding.name}': path '${path}', expected container/blob.`);
  const { BlobServiceClient } = await import("@azure/storage-blob");
  const connection = connectionString(String(binding.connection || DEFAULT_CONNECTION), settings);
  const container = BlobServiceClient.fromConnectionString(connection).getContainerClient(
    path.slice(0, slash),
  );
  await container.createIfNotExists();
  await container.getBlockBlobClient(path.slice(slash + 1)).uploadData(bytesOf(data));
}

/** `{name}` stands for what the trigger brought under that name, `{rand-guid}` and `{DateTime}` for new values. */
function fillIn(binding: Binding, invocation: Invocation): string {
  const brought = bindingData(invocation);
  return String(binding.path).replace(/\{([^{}]+)\}/g, (_, name: string) => {
    const key = name.toLowerCase();
    if (key === "rand-guid" || key === "sys.randguid") return randomUUID();
    if (key === "datetime" || key === "sys.utcnow") return new Date().toISOString();
    const value = brought.get(key);
    if (value === undefined) {
      throw new Error(
        `Output '${binding.name}': the trigger brought no '${name}' for path '${binding.path}'.`,
      );
    }
    return value;
  });
}

/** Texts and numbers that the trigger brought, by lower-case name: route and query of a request, properties of JSON. */
function bindingData({ triggerData, triggerMetadata = {} }: Invocation): Map<string, string> {
  const http = "http" in triggerData ? triggerData.http : undefined;
  const sources = [
    propertiesOf(http ? http.body : triggerData),
    http?.query ?? {},
    http?.params ?? {},
    Object.fromEntries(Object.entries(triggerMetadata).map(([name, data]) => [name, Object.values(data)[0]])),
  ];
  const scalars = sources
    .flatMap(Object.entries)
    .filter(([, value]) => typeof value === "string" || typeof value === "number");
  return new Map(scalars.map(([name, value]) => [name.toLowerCase(), String(value)]));
}

function propertiesOf(data: TypedData | undefined): object {
  const text = data ? Buffer.from(bytesOf(data)).toString() : "";
  if (!text.trimStart().startsWith("{")) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function bytesOf(data: TypedData): Uint8Array {
  if ("bytes" in data) return data.bytes;
  const [value] = Object.values(data);
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
}
