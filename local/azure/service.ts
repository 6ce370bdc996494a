/** What the simulated services behind the one HTTP front (`--azure-port`) have in common. */

export interface ServiceRequest {
  readonly method: string;
  /** Percent-encoded path as received, duplicate leading slashes collapsed, without the query. */
  readonly path: string;
  /** The path split at `/`, each segment decoded. Azure compares names without regard to case. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  /** Lower-case keys; repeated headers joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Scheme and authority the client used, e.g. `https://localhost:7072`: the base of URLs in answers. */
  readonly origin: string;
  readonly signal: AbortSignal;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Objects are sent as JSON, strings and bytes as they are (set `content-type`). */
  readonly body?: unknown;
}

/** One simulated service. It answers what is its own, and `undefined` for every other request. */
export interface Service {
  readonly name: string;
  handle(request: ServiceRequest): Promise<ServiceAnswer | undefined>;
  /** Counts of effects since the data folder was made, e.g. `{ jobsSubmitted: 3 }`; shown at `/_stats`. */
  stats?(): Record<string, number>;
  stop?(): Promise<void>;
}

/** An event that a resource raises; the Event Grid stand-in gives it an id, keeps it, and delivers it to subscribers. */
export interface RaisedEvent {
  /** Resource id of the workspace or registry. */
  readonly topic: string;
  readonly subject: string;
  /** e.g. `Microsoft.MachineLearningServices.ModelRegistered` */
  readonly eventType: string;
  readonly data: Record<string, unknown>;
  readonly eventTime?: string;
  /** As the publisher sets it: `""` (left out) for Azure ML, `"1.0"` for registries, `"1"` for policy. */
  readonly dataVersion?: string | undefined;
}

/** Takes an event for delivery; once this returns, the event survives kill -9. */
export type RaiseEvent = (event: RaisedEvent) => void;

/** One scored request, as the endpoint's metrics and traffic log count it. */
export interface ScoredRequest {
  /** Resource id of the online endpoint. */
  readonly endpointId: string;
  readonly deployment: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** What the caller was answered: 200, 424, 429 … */
  readonly statusCode: number;
  /** What the model answered; absent when it was not reached. */
  readonly modelStatusCode?: number;
  readonly durationMs: number;
  /** Absent for requests that no client made, as in tests of the metrics. */
  readonly log?: RequestLog;
}

/** What the traffic log tells of a request beside what the metrics count. */
export interface RequestLog {
  readonly method: string;
  /** As the endpoint's own host would see it, e.g. `/score`. */
  readonly path: string;
  readonly protocol: string;
  readonly authType: "Key" | "AMLToken" | "AADToken";
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly userAgent: string;
  readonly requestId: string;
  readonly clientRequestId: string;
  /** Why the caller, and why the endpoint, got the status that it got; empty when all went well. */
  readonly reason: string;
  readonly modelReason: string;
}

export type RecordRequest = (request: ScoredRequest) => void;

/**
 * A deployment, job or compute instance that ran on machines which are paid for by the hour, within the span that was
 * asked for.
 */
export interface Usage {
  /** Of the deployment, job or compute instance. */
  readonly resourceId: string;
  /** Size of the machines, e.g. `Standard_DS3_v2`. */
  readonly sku: string;
  readonly instances: number;
  /** Milliseconds since the epoch; `from` is inside the span, `to` at its end or before. */
  readonly from: number;
  readonly to: number;
}

/** What ran between two moments, in milliseconds since the epoch; what is deleted by now is included. */
export type UsageIn = (from: number, to: number) => readonly Usage[];

/**
 * Asked once for each deployment that is about to be provisioned and each job that is about to run (a step of a pipeline
 * by the name `{pipeline}/{step}`): an answer is the message that it fails with. `Code: message` gives the error its code,
 * e.g. `OutOfQuota: not enough cores`.
 */
export type TakeFault = (target: "deployment" | "job", name: string) => string | undefined;

/** A resource as Resource Manager shows it, as far as events tell of it. */
export interface ResourceDocument {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly location?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly properties: { readonly provisioningState?: unknown };
}

/** What is raised when a resource is written (`before` is absent for a new one) or deleted (`after` is absent). */
export type EventOfChange = (
  before: ResourceDocument | undefined,
  after: ResourceDocument | undefined,
) => RaisedEvent | undefined;

/** Told once an operation on a deployment has ended: whether the platform could carry it out. */
export type ReportHealth = (resourceId: string, isProvisioned: boolean) => void;

/** Something that happened at a moment, or the level that something has from then on; null when it has none any more. */
export interface Measurement {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly value: number | null;
  readonly dimensions: Readonly<Record<string, string>>;
}

/**
 * What one metric of a resource is made from, by its official name, in order of time: all with `from <= at < to`, and
 * before them what the levels were at `from`.
 */
export type MeasurementsIn = (
  resourceId: string,
  metric: string,
  from: number,
  to: number,
) => readonly Measurement[];

/** A status in which a job's process does nothing, and for how long: see `docs/faults.md`. */
export interface Standstill {
  readonly status: "NotResponding" | "Paused" | "Unknown";
  readonly forMs: number;
}

/** Asked once for each command job, and step of a pipeline, whose process has just begun to run. */
export type TakeStandstill = (job: string) => Standstill | undefined;
