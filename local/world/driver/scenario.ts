import type { WorldName } from "../worlds.ts";
import type { Relearning } from "./relearning.ts";
import type { Serving } from "./workspace.ts";

/** A request to the endpoint; its correlation id is `{date}/{caller}`, by which monitors find it again. */
export interface ScoringRequest {
  readonly correlationId: string;
  readonly body: object;
}

/** A version of a data asset: named by the last day that it knows of. */
export interface Publication {
  readonly asset: string;
  /** Of its file: `csv`. */
  readonly extension: string;
  readonly text: string;
  readonly description: string;
}

/** All that one world has of its own. How days pass, weeks end and jobs are waited for is the same in every one. */
export interface Scenario {
  readonly name: WorldName;
  readonly model: string;
  readonly endpoint: string;
  /** Name of the code asset; its environment is `{code}-env`, and both are version 1. */
  readonly code: string;
  /** From the evening of this day on the endpoint is asked. */
  readonly startDate: string;
  /** What version 1 was made from, in words. */
  readonly learntFrom: string;
  /** Null after the last day that there is. */
  dayAfter(date: string): string | null;
  requestsOn(date: string): readonly ScoringRequest[];
  /** What is published on the evening of `date`. */
  dataUntil(date: string): Publication;
  /** What version 1 learns from; absent: what is published anyway. */
  readonly training?: Publication;
  readonly firstTrainingJob: string;
  /** The job of {@link firstTrainingJob}. */
  firstTraining(): object;
  /** The monitors that look at the end of a week, counted from 1. */
  monitorsOf(week: number): readonly string[];
  monitorJob(signal: string, dataVersion: string, serving: Serving): object;
  /** How people help the model when a monitor reports; absent: it is retrained without them. */
  readonly relearning?: Relearning;
}

/** Follows from date and signal, so that the same week is never monitored twice. */
export const monitorJobName = ({ model }: Pick<Scenario, "model">, signal: string, date: string): string =>
  `${model}-${signal}-${date}`;
