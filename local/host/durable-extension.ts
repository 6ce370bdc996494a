/** What the host needs of the durable engine, so that neither has to know the other's inside. */
import type { Clock } from "../clock.ts";
import type { FunctionInvoker, HostLog } from "./contract.ts";

export interface DurableHttpRequest {
  readonly method: string;
  /** After the prefix, without a leading slash, still encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Record<string, string>;
  readonly body: string;
  /** The whole of it, as the caller wrote it. */
  readonly url: string;
}

export interface DurableExtension {
  start(addresses: { baseUrl: string; rpcBaseUrl: string; code: string }): Promise<void>;
  /** Dispatches nothing until it goes on, also when called before `start`. Clients are still served. */
  pause(): void;
  goOn(): void;
  stop(): Promise<void>;
  /** The JSON text every `durableClient` input receives. */
  clientBinding(): string;
  handle(
    request: DurableHttpRequest,
  ): Promise<{ status: number; headers: Record<string, string>; body: string }>;
}

export interface DurableOptions {
  readonly file: string;
  readonly config: unknown;
  readonly clock: Clock;
  readonly invoker: FunctionInvoker;
  readonly log: HostLog;
  readonly strict?: boolean;
}

export type OpenDurableExtension = (options: DurableOptions) => DurableExtension;
