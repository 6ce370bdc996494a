import { join } from "node:path";
import { BREACH_TAG } from "../../world/jobs/breach.ts";
import { type Context, workspaceOf } from "./context.ts";
import { readDuration } from "./duration.ts";
import { curated } from "./environments.ts";
import { ASSET_TYPES, type CommandDefinition, type JobInput, type Step } from "./job-definition.ts";
import type { Jobs, Submission } from "./jobs.ts";
import {
  type MonitorData,
  type MonitorDefinition,
  type MonitoredSignal,
  signalOptions,
} from "./monitor-definition.ts";
import { stepJob } from "./pipeline-plan.ts";
import { invalid } from "./refusal.ts";
import type { JobRow, Runs } from "./runs.ts";
import type { ScheduleProperties } from "./schedule-definition.ts";

const SCRIPT = join(import.meta.dirname, "monitor-signal.ts");

/** Tags of a monitor's root run, which it has only when it is to send mail; the name of the signal follows the first. */
const ROOT_BREACH_TAG = "azureml.modelmonitor.threshold.breached.";
const MAIL_TAG = "azureml.notification.email.address";

export interface MonitorParts {
  readonly jobs: Jobs;
  readonly runs: Runs;
}

/** Runs model monitors: a pipeline job with a step for each signal, which measures it and tags its run at a breach. */
export class Monitors {
  readonly #context: Context;
  readonly #jobs: Jobs;
  readonly #runs: Runs;

  constructor(context: Context, { jobs, runs }: MonitorParts) {
    this.#context = context;
    this.#jobs = jobs;
    this.#runs = runs;
    runs.onEnd((step) => this.#tagRoot(step));
  }

  /** @param at - the moment that the windows of the data end at, in milliseconds since the epoch */
  run(
    submission: Submission,
    monitor: MonitorDefinition,
    properties: Readonly<Record<string, string>>,
    at: number,
  ): void {
    const id = `${submission.workspace}/jobs/${submission.name}`;
    const steps = Object.entries(monitor.signals).map(
      ([name, signal]): Step => ({
        node: name,
        job: stepJob(id, name),
        needs: [],
        definition: definitionOf(name, signal, monitor, at),
      }),
    );
    this.#jobs.submit(
      submission,
      { jobType: "Pipeline", displayName: submission.name, experimentName: "model-monitoring", properties },
      steps,
    );
  }

  #tagRoot({ resource, hidden: { step } }: JobRow): void {
    const text = resource.properties.tags?.[BREACH_TAG];
    if (!text || !step) return;
    const workspace = workspaceOf(resource.id);
    const root = this.#runs.get(`${workspace}/jobs/${step.pipeline}`)?.resource;
    const schedule = root?.properties.properties?.["azureml.scheduleid"];
    if (!root || !schedule) return;
    const found = this.#context.store.get<ScheduleProperties>(`${workspace}/schedules/${schedule}`);
    const action = found?.resource.properties.action;
    if (action?.actionType !== "CreateMonitor") return;
    const { alertNotificationSettings } = action.monitorDefinition;
    const emails = alertNotificationSettings?.emailNotificationSettings?.emails ?? [];
    if (emails.length === 0) return;
    this.#runs.setTag(root.id, `${ROOT_BREACH_TAG}${step.node}`, text);
    this.#runs.setTag(root.id, MAIL_TAG, emails.join(","));
  }
}

function definitionOf(
  name: string,
  signal: MonitoredSignal,
  { computeConfiguration }: MonitorDefinition,
  at: number,
): CommandDefinition {
  const { productionData, referenceData } = signal;
  const options = signalOptions(name, signal, {
    production: windowOf(productionData, at),
    reference: windowOf(referenceData, at),
  });
  const encoded = Buffer.from(JSON.stringify(options)).toString("base64url");
  const places = [`\${{inputs.production}}`, `\${{inputs.reference}}`, `\${{outputs.signal_output}}`];
  return {
    jobType: "Command",
    displayName: name,
    command: `node "${SCRIPT}" ${encoded} ${places.map((place) => `"${place}"`).join(" ")}`,
    environmentId: curated("model-monitoring"),
    inputs: { production: inputOf(productionData), reference: inputOf(referenceData) },
    outputs: { signal_output: { jobOutputType: "uri_folder" } },
    resources: { instanceType: computeConfiguration.instanceType, instanceCount: 1 },
  };
}

function inputOf({ jobInputType, uri }: MonitorData): JobInput {
  const type = ASSET_TYPES.find((known) => known === jobInputType);
  if (type) return { jobInputType: type, uri };
  throw invalid(`jobInputType is '${jobInputType}', expected one of ${ASSET_TYPES.join(", ")}.`);
}

/** From when to when data counts, in milliseconds since the epoch; null for all of it. */
function windowOf(data: MonitorData, at: number): { from: number; to: number } | null {
  if (data.inputDataType === "Fixed") return null;
  if (data.inputDataType === "Static")
    return { from: Date.parse(data.windowStart), to: Date.parse(data.windowEnd) };
  const to = at - readDuration("windowOffset", data.windowOffset);
  return { from: to - readDuration("windowSize", data.windowSize), to };
}
