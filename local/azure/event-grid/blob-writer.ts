import type { BlobServiceClient } from "@azure/storage-blob";
import type { WriteBlob } from "./undertaker.ts";

/** Writes dead letters as Event Grid does, as a client of the storage account. The container must be there. */
export function blobWriter(connectionString: string): WriteBlob {
  let service: BlobServiceClient | undefined;
  return async (container, name, json) => {
    service ??= await openService(connectionString);
    const blob = service.getContainerClient(container).getBlockBlobClient(name);
    const bytes = Buffer.from(json);
    await blob.upload(bytes, bytes.byteLength, {
      blobHTTPHeaders: { blobContentType: "application/json" },
      conditions: { ifNoneMatch: "*" },
    });
  };
}

/** Only who has something to bury waits for the package to load. */
async function openService(connectionString: string): Promise<BlobServiceClient> {
  const { BlobServiceClient: Client } = await import("@azure/storage-blob");
  return Client.fromConnectionString(connectionString, { retryOptions: { maxTries: 1 } });
}
