/** One request to a storage service, already read to its end. */
export interface StorageRequest {
  readonly method: string;
  /** As received: percent-encoded, with the account, without the query. What a signature covers. */
  readonly rawPath: string;
  /** Decoded path below the account: `""` for the account itself, else without a leading slash. */
  readonly path: string;
  readonly rawQuery: string;
  readonly query: URLSearchParams;
  /** Lower-case keys; repeated headers joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** What came as `x-ms-meta-*`, under the names as they were written. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** `http://127.0.0.1:10000/devstoreaccount1`: what URLs in answers begin with. */
  readonly accountUrl: string;
  /** The caller's IP address. */
  readonly from: string;
  /** Absent when the account's key signed the request, which allows everything. */
  readonly grant?: Grant;
}

/** What a shared access signature allows beyond the operation itself, which was checked already. */
export interface Grant {
  /** Without it a new blob may be written, and none replaced. */
  readonly mayOverwrite: boolean;
  /** Headers that the signature puts in the place of the blob's own. */
  readonly responseHeaders: Readonly<Record<string, string>>;
}

export interface StorageAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** The blob or the table service: answers its requests, and words its own errors. */
export interface StorageService {
  readonly name: "blob" | "table";
  handle(request: StorageRequest): Promise<StorageAnswer>;
  /** The body and headers of a refusal, in the service's own form. */
  describeError(code: string, message: string): { headers: Record<string, string>; body: string };
}
