/** What `@azure/functions` and the worker core hand each other. The core has no npm package, so its shapes are told here. */
import type { LogLevel, RetryOptions, TypedData } from "../contract.ts";

export interface RawBinding {
  readonly type?: string;
  readonly direction?: string;
  readonly [option: string]: unknown;
}

export type FunctionCallback = (...args: unknown[]) => unknown;

export interface FunctionMetadata {
  readonly name: string;
  readonly functionId?: string;
  readonly bindings: Readonly<Record<string, RawBinding>>;
  readonly retryOptions?: RetryOptions;
}

export interface RpcInvocationRequest {
  readonly invocationId: string;
  readonly functionId: string;
  readonly inputData: readonly { readonly name: string; readonly data: TypedData }[];
  readonly triggerMetadata: Readonly<Record<string, TypedData>>;
  readonly traceContext: {
    readonly traceParent: string;
    readonly traceState: string;
    readonly attributes: object;
  };
  readonly retryContext?: object;
}

export interface RpcInvocationResponse {
  readonly invocationId: string;
  readonly outputData?: readonly { readonly name: string; readonly data: TypedData }[];
  readonly returnValue?: TypedData | null;
}

export type LogCategory = "user" | "system";
export type InvocationState = "preInvocationHooks" | "invocation" | "postInvocationHooks";

export interface CoreInvocationContext {
  readonly invocationId: string;
  /** Read once, before the function runs; nothing afterwards. */
  request: RpcInvocationRequest | undefined;
  readonly metadata: FunctionMetadata;
  state?: InvocationState | undefined;
  log(level: LogLevel, category: LogCategory, message: string): void;
}

export interface InvocationModel {
  getArguments(): Promise<{ context: object; inputs: unknown[] }>;
  invokeFunction(context: object, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: object, result: unknown): Promise<RpcInvocationResponse>;
}

export interface ProgrammingModel {
  readonly name: string;
  readonly version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel;
  getCapabilities(
    capabilities: Record<string, string>,
  ): Promise<Record<string, string>> | Record<string, string>;
}
