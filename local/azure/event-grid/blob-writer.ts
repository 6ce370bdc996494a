import { BlobServiceClient } from "@azure/storage-blob";
import type { WriteBlob } from "./undertaker.ts";

/** Writes dead letters as Event Grid does, as a client of the storage account. The container must be there. */
export function blobWriter(connectionString: string): WriteBlob {
  const service = BlobServiceClient.fromConnectionString(connectionString, { retryOptions: { maxTries: 1 } });
  return async (container, name, json) => {
    const blob = service.getContainerClient(container).getBlockBlobClient(name);
    const bytes = Buffer.from(json);
    await blob.upload(bytes, bytes.byteLength, {
      blobHTTPHeaders: { blobContentType: "application/json" },
      conditions: { ifNoneMatch: "*" },
    });
  };
}
