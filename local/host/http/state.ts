import type { Availability } from "../availability.ts";
import type { FunctionDefinition, HostLog } from "../contract.ts";
import type { DurableExtension } from "../durable-extension.ts";
import type { Gate } from "../gate.ts";
import type { Worker } from "../worker/worker.ts";
import type { KeyRing } from "./keys.ts";
import type { Route, RouteTable } from "./routes.ts";

/** What the HTTP side knows of a host that has loaded its app. */
export interface HostState {
  readonly id: string;
  readonly version: string;
  readonly worker: Worker;
  readonly availability: Availability;
  readonly log: HostLog;
  readonly functions: readonly FunctionDefinition[];
  readonly routes: readonly Route[];
  readonly table: RouteTable;
  readonly indexingErrors: ReadonlyMap<string, string>;
  readonly disabled: ReadonlySet<string>;
  /** What a timer is handed when it is run by hand. */
  readonly timerValue: (timer: FunctionDefinition) => string;
  readonly keys: KeyRing;
  readonly isKeyRequired: boolean;
  readonly durable: DurableExtension | undefined;
  /** Where the app takes streamed requests; absent when it does not stream. */
  readonly streamUri: string | undefined;
  readonly customHeaders: Readonly<Record<string, string>>;
  readonly maxOutstandingRequests: number;
  /** Functions are called through it. */
  readonly requestGate: Gate;
}
