import type { TokenCredential } from "@azure/identity";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import type { Connection } from "../config.ts";
import { RETRY_OPTIONS, withinTimeout } from "./options.ts";

/** Keeps bodies that are too large for a table row, byte for byte, in one blob container. */
export class PayloadStore {
  readonly #container: ContainerClient;
  #created: Promise<unknown> | undefined;

  constructor(connection: Connection, credential: TokenCredential, container: string) {
    const options = { retryOptions: { maxTries: RETRY_OPTIONS.maxRetries + 1 } };
    const service =
      "connectionString" in connection
        ? BlobServiceClient.fromConnectionString(connection.connectionString, options)
        : new BlobServiceClient(connection.address, credential, options);
    this.#container = service.getContainerClient(container);
  }

  /** Repeating it with the same name and bytes changes nothing. */
  async put(name: string, bytes: Uint8Array): Promise<void> {
    this.#created ??= this.#container.createIfNotExists({ abortSignal: withinTimeout() });
    await this.#created.catch((error) => {
      this.#created = undefined;
      throw error;
    });
    await this.#container
      .getBlockBlobClient(name)
      .upload(bytes, bytes.byteLength, { abortSignal: withinTimeout() });
  }

  async get(name: string): Promise<Uint8Array> {
    return this.#container
      .getBlockBlobClient(name)
      .downloadToBuffer(0, undefined, { abortSignal: withinTimeout() });
  }
}
