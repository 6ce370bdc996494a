/** What the parts of the embedded host hand each other: the worker runs functions, the triggers and the durable engine call them. */

/** Host to worker and back, as the Functions RPC has it: exactly one member is set. */
export type TypedData =
  | { string: string }
  | { json: string }
  | { bytes: Uint8Array }
  | { http: RpcHttp }
  | { int: number }
  | { double: number }
  | { collectionBytes: { bytes: Uint8Array[] } }
  | { collectionString: { string: string[] } }
  | { collectionSint64: { sint64: number[] } };

export interface RpcHttp {
  method?: string;
  url?: string;
  headers?: Record<string, string>;
  params?: Record<string, string>;
  query?: Record<string, string>;
  statusCode?: string;
  cookies?: readonly Record<string, unknown>[];
  enableContentNegotiation?: boolean;
  body?: TypedData;
}

/** One binding as the app registered it; `name` is its key, `type` e.g. `httpTrigger`, all user options kept. */
export interface Binding {
  readonly name: string;
  readonly type: string;
  readonly direction: "in" | "out";
  readonly [option: string]: unknown;
}

export interface RetryOptions {
  readonly strategy: "fixedDelay" | "exponentialBackoff";
  readonly maxRetryCount: number;
  readonly delayInterval?: { readonly seconds: number };
  readonly minimumInterval?: { readonly seconds: number };
  readonly maximumInterval?: { readonly seconds: number };
}

export interface FunctionDefinition {
  readonly name: string;
  /** The binding whose type ends in `Trigger`. */
  readonly trigger: Binding;
  readonly bindings: readonly Binding[];
  readonly retryOptions?: RetryOptions;
}

export interface Invocation {
  readonly functionName: string;
  /** Why it runs, for the log: `Executing 'Functions.<name>' (Reason='<reason>', Id=<guid>)`. */
  readonly reason: string;
  readonly triggerData: TypedData;
  readonly triggerMetadata?: Record<string, TypedData>;
  readonly retryContext?: {
    readonly retryCount: number;
    readonly maxRetryCount: number;
    readonly exception?: { readonly message: string; readonly stackTrace: string };
  };
  readonly traceParent?: string;
}

/** How a run ended. A function that throws is an outcome, never an exception of the host. */
export type InvocationOutcome =
  | { readonly succeeded: true; readonly returnValue: TypedData | null | undefined }
  | {
      readonly succeeded: false;
      /** The thrown error's own message, unadorned: durable failures carry their state after a label in it. */
      readonly message: string;
      readonly stackTrace: string;
    };

export interface FunctionInvoker {
  readonly functions: readonly FunctionDefinition[];
  /** Runs one attempt, with a new invocation id; extra inputs (the durable client) and outputs are the invoker's work. */
  invoke(invocation: Invocation): Promise<InvocationOutcome>;
}

export type LogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical";
export type HostLog = (level: LogLevel, category: string, message: string) => void;
