/** What the app's package returns after each run of an orchestrator: all its actions since the start, and how it ended. */
import * as z from "zod/mini";
import type { FailureDetails } from "./history.ts";

export const ActionType = {
  CallActivity: 0,
  CallActivityWithRetry: 1,
  CallSubOrchestrator: 2,
  CallSubOrchestratorWithRetry: 3,
  ContinueAsNew: 4,
  CreateTimer: 5,
  WaitForExternalEvent: 6,
  CallEntity: 7,
  CallHttp: 8,
  SignalEntity: 9,
  ScheduledSignalEntity: 10,
  WhenAny: 11,
  WhenAll: 12,
  LockEntities: 13,
  ReleaseEntities: 14,
} as const;

export interface RetryOptions {
  readonly firstRetryIntervalInMilliseconds: number;
  readonly maxNumberOfAttempts: number;
  readonly backoffCoefficient?: number;
  readonly maxRetryIntervalInMilliseconds?: number;
  readonly retryTimeoutInMilliseconds?: number;
}

export interface DurableHttpRequest {
  readonly method: string;
  readonly uri: string;
  readonly content?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly tokenSource?: { readonly kind: string; readonly resource: string };
  readonly asynchronousPatternEnabled?: boolean;
}

export interface CallActivity {
  readonly actionType: 0 | 1;
  readonly functionName: string;
  readonly input?: unknown;
  readonly retryOptions?: RetryOptions;
}

export interface CallSubOrchestrator {
  readonly actionType: 2 | 3;
  readonly functionName: string;
  readonly instanceId?: string;
  readonly input?: unknown;
  readonly version?: string;
  readonly retryOptions?: RetryOptions;
}

export interface ContinueAsNew {
  readonly actionType: 4;
  readonly input?: unknown;
}

export interface CreateTimer {
  readonly actionType: 5;
  /** ISO 8601. */
  readonly fireAt: string;
  readonly isCanceled: boolean;
}

interface WaitForExternalEvent {
  readonly actionType: 6;
  readonly externalEventName: string;
}

export interface EntityRequest {
  readonly actionType: 7 | 9 | 10;
  /** Scheduler id, `@name@key`. */
  readonly instanceId: string;
  readonly operation: string;
  readonly input?: unknown;
  readonly fireAt?: string;
}

export interface CallHttp {
  readonly actionType: 8;
  readonly httpRequest: DurableHttpRequest;
}

export interface Compound {
  readonly actionType: 11 | 12;
  readonly compoundActions: readonly Action[];
}

export interface LockEntities {
  readonly actionType: 13;
  readonly lockRequestId: string;
  readonly lockSet: readonly { readonly name: string; readonly key: string }[];
}

interface ReleaseEntities {
  readonly actionType: 14;
}

export type Action =
  | CallActivity
  | CallSubOrchestrator
  | ContinueAsNew
  | CreateTimer
  | WaitForExternalEvent
  | EntityRequest
  | CallHttp
  | Compound
  | LockEntities
  | ReleaseEntities;

export interface OrchestratorState {
  readonly isDone: boolean;
  readonly actions: readonly Action[];
  readonly output?: unknown;
  readonly error?: string;
  readonly customStatus?: unknown;
  readonly failureDetails?: FailureDetails;
  /** Whether the function threw: with neither `error` nor `isDone` the instance has no way to end. */
  readonly hasThrown?: boolean;
}

/** Only the frame is checked: the actions come from the package itself, once for every run of an orchestrator. */
const Frame = z.object({
  isDone: z.boolean(),
  actions: z.custom<Action[][]>((value) => Array.isArray(value) && value.every(Array.isArray)),
  output: z.exactOptional(z.unknown()),
  error: z.exactOptional(z.string()),
  customStatus: z.exactOptional(z.unknown()),
  failureDetails: z.exactOptional(z.custom<FailureDetails>((value) => typeof value === "object")),
});

/**
 * Reads the state that an orchestrator function returned.
 *
 * @throws {SyntaxError | z.core.$ZodError} when the text is not the state of an orchestrator
 */
export function readOrchestratorState(text: string): OrchestratorState {
  const state = Frame.parse(JSON.parse(text));
  return { ...state, actions: state.actions.flat() };
}

/** JSON text of a value; `null` stands for none. */
export function toText(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value);
}
