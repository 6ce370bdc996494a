/** The events of an orchestration's history, as the Durable Task Framework writes them and the app's package reads them. */

/** Codes of the events, by name. */
export const EventType = {
  ExecutionStarted: 0,
  ExecutionCompleted: 1,
  ExecutionTerminated: 3,
  TaskScheduled: 4,
  TaskCompleted: 5,
  TaskFailed: 6,
  SubOrchestrationInstanceCreated: 7,
  SubOrchestrationInstanceCompleted: 8,
  SubOrchestrationInstanceFailed: 9,
  TimerCreated: 10,
  TimerFired: 11,
  OrchestratorStarted: 12,
  OrchestratorCompleted: 13,
  EventSent: 14,
  EventRaised: 15,
  ExecutionSuspended: 19,
  ExecutionResumed: 20,
  ExecutionRewound: 21,
} as const;

/** What an app attached to a failure through its exception properties provider. */
export interface FailureDetails {
  readonly ErrorType: string;
  readonly ErrorMessage: string;
  readonly StackTrace: string | null;
  readonly IsNonRetriable: boolean;
  readonly Properties: Readonly<Record<string, unknown>> | null;
  readonly InnerFailure: FailureDetails | null;
}

interface OrchestrationInstance {
  readonly InstanceId: string;
  readonly ExecutionId: string;
}

/** Who waits for a sub-orchestration, and under which task number. */
export interface ParentInstance {
  readonly Name: string;
  readonly OrchestrationInstance: OrchestrationInstance;
  readonly TaskScheduleId: number;
}

interface ExecutionStarted {
  readonly EventType: 0;
  readonly EventId: -1;
  readonly Name: string;
  readonly Version: string;
  /** JSON text. */
  readonly Input: string | null;
  readonly OrchestrationInstance: OrchestrationInstance;
  readonly ParentInstance?: ParentInstance;
}

interface ExecutionCompleted {
  readonly EventType: 1;
  readonly EventId: -1;
  readonly OrchestrationStatus: number;
  readonly Result: string | null;
  readonly FailureDetails?: FailureDetails;
}

interface ExecutionTerminated {
  readonly EventType: 3;
  readonly EventId: -1;
  readonly Input: string;
}

interface TaskScheduled {
  readonly EventType: 4;
  readonly EventId: number;
  readonly Name: string;
  readonly Version: "";
  /** JSON text: an array that holds the one input. */
  readonly Input: string;
}

interface Settled {
  readonly EventId: -1;
  readonly TaskScheduledId: number;
}

interface SettledWell extends Settled {
  /** JSON text. */
  readonly Result: string | null;
}

interface SettledBadly extends Settled {
  readonly Reason: string;
  readonly Details: string;
  readonly FailureDetails?: FailureDetails;
}

export interface TaskCompleted extends SettledWell {
  readonly EventType: 5;
}

export interface TaskFailed extends SettledBadly {
  readonly EventType: 6;
}

export interface SubOrchestrationInstanceCreated {
  readonly EventType: 7;
  readonly EventId: number;
  readonly Name: string;
  readonly Version: string;
  readonly InstanceId: string;
  readonly Input: string | null;
}

interface SubOrchestrationInstanceCompleted extends SettledWell {
  readonly EventType: 8;
}

export interface SubOrchestrationInstanceFailed extends SettledBadly {
  readonly EventType: 9;
}

interface TimerCreated {
  readonly EventType: 10;
  readonly EventId: number;
  /** ISO 8601. */
  readonly FireAt: string;
}

interface TimerFired {
  readonly EventType: 11;
  readonly EventId: -1;
  readonly TimerId: number;
  readonly FireAt: string;
}

interface OrchestratorStarted {
  readonly EventType: 12;
  readonly EventId: -1;
}

interface OrchestratorCompleted {
  readonly EventType: 13;
  readonly EventId: -1;
}

interface EventSent {
  readonly EventType: 14;
  readonly EventId: number;
  readonly InstanceId: string;
  readonly Name: string;
  readonly Input: string;
}

export interface EventRaised {
  readonly EventType: 15;
  readonly EventId: -1;
  readonly Name: string;
  /** JSON text. */
  readonly Input: string | null;
}

interface ExecutionControl {
  readonly EventType: 19 | 20 | 21;
  readonly EventId: -1;
  readonly Reason: string;
}

/** What an orchestrator's code asks for; `EventId` is the task number that both sides count alike. */
export type Decision = TaskScheduled | SubOrchestrationInstanceCreated | TimerCreated | EventSent;

/** What another party tells an instance. */
export type IncomingEvent =
  | ExecutionStarted
  | ExecutionTerminated
  | TaskCompleted
  | TaskFailed
  | SubOrchestrationInstanceCompleted
  | SubOrchestrationInstanceFailed
  | TimerFired
  | EventRaised
  | ExecutionControl;

/** An event in a history: any of the above, with its moment (ISO 8601). */
export type HistoryEvent = (
  | IncomingEvent
  | Decision
  | ExecutionCompleted
  | OrchestratorStarted
  | OrchestratorCompleted
) & { readonly Timestamp: string };

/** Runtime status by its framework code. */
export const STATUS_NAMES = [
  "Running",
  "Completed",
  "ContinuedAsNew",
  "Failed",
  "Canceled",
  "Terminated",
  "Pending",
  "Suspended",
] as const;

export const Status = {
  Running: 0,
  Completed: 1,
  ContinuedAsNew: 2,
  Failed: 3,
  Canceled: 4,
  Terminated: 5,
  Pending: 6,
  Suspended: 7,
} as const;

export type StatusCode = (typeof Status)[keyof typeof Status];

/** Whether an instance in this status will never run again by itself. */
export function isFinal(status: StatusCode): boolean {
  return (
    status === Status.Completed ||
    status === Status.Failed ||
    status === Status.Canceled ||
    status === Status.Terminated
  );
}

/** The history's opening event, which names the orchestrator and carries its input. */
export function executionStarted(history: readonly HistoryEvent[]) {
  return history.find((event) => event.EventType === EventType.ExecutionStarted);
}
