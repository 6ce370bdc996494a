import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as z from "zod";
import { DAYS_PER_WEEK, daysBetween } from "../calendar.ts";
import { BREACH_TAG } from "../jobs/breach.ts";
import { Labelling } from "./labelling.ts";
import type { Pauses } from "./pauses.ts";
import { monitorJobName, type Scenario } from "./scenario.ts";
import { writeDurably } from "./state.ts";
import type { Serving, Workspace } from "./workspace.ts";

/** The jobs by which people's answers become a new version. */
export interface Relearning {
  /** Picks the poorly predicted samples, and opens a labelling project with them. */
  selectionJob(campaign: Campaign, labelling: string): object;
  /** Trains on a version of the training data. */
  trainingJob(dataVersion: string): object;
}

const Campaign = z.object({
  /** Of the monitors that reported; also names the project, the training data and the jobs. */
  date: z.string(),
  /** What served then, and was reported. */
  deployment: z.string(),
  model: z.string(),
});
export type Campaign = z.infer<typeof Campaign>;

/** What data scientists must not forget. */
export const RelearningState = z.object({
  newestVersion: z.int().min(1),
  /** Version of the training data that the newest version was made from. */
  trainingData: z.string(),
  campaign: Campaign.nullable(),
  /** The last monitoring day that is dealt with. */
  settledOn: z.string().nullable(),
});
export type RelearningState = z.infer<typeof RelearningState>;

export const relearningBegins = (startDate: string): RelearningState => ({
  newestVersion: 1,
  trainingData: startDate,
  campaign: null,
  settledOn: null,
});

export interface RelearnerParts {
  readonly scenario: Scenario;
  readonly relearning: Relearning;
  readonly workspace: Workspace;
  /** `https://localhost:7072/labelling` */
  readonly labelling: string;
  readonly stateFile: string;
  /** Folder of what was published as data. */
  readonly published: string;
  readonly state: RelearningState;
  readonly pauses: Pauses;
  /** The last day whose monitors were submitted. */
  readonly monitoredOn: () => string | null;
  readonly log: (level: "info" | "error", message: string) => void;
}

const LOOK_MS = 1_000;

/**
 * Data scientists whose model nobody retrains by itself: when a monitor reports, they let people label the poorly predicted
 * samples, train on all that was learnt and what people said, and register the new version. Each step is safe to repeat.
 */
export class Relearner {
  readonly #parts: RelearnerParts;
  readonly #labelling: Labelling;
  #state: RelearningState;
  #status = "sees nothing to do";

  constructor(parts: RelearnerParts) {
    this.#parts = parts;
    this.#labelling = new Labelling(parts.labelling);
    this.#state = parts.state;
  }

  tell(): object {
    return { ...this.#state, status: this.#status };
  }

  async run(): Promise<void> {
    const { pauses, log } = this.#parts;
    while (!pauses.isStopped) {
      try {
        if (this.#state.campaign === null) await this.#look();
        else await this.#continue(this.#state.campaign);
      } catch (error) {
        if (pauses.isStopped) return;
        this.#status = `waits: ${error instanceof Error ? error.message : String(error)}`;
        log("error", `Relearning ${this.#status}`);
      }
      await pauses.pause(LOOK_MS);
    }
  }

  /** A report counts when it is about what serves now, and that is the newest version: help is on its way otherwise. */
  async #look(): Promise<void> {
    const { scenario, workspace, monitoredOn, log } = this.#parts;
    const date = monitoredOn();
    if (date === null || (this.#state.settledOn !== null && date <= this.#state.settledOn)) return;
    const serving = await workspace.serving(scenario.endpoint);
    if (!serving?.model.endsWith(`/versions/${this.#state.newestVersion}`)) return;
    const week = daysBetween(scenario.startDate, date) / DAYS_PER_WEEK;
    for (const signal of scenario.monitorsOf(week)) {
      const tags = await workspace.jobTags(monitorJobName(scenario, signal, date));
      if (!tags[BREACH_TAG] || !isAbout(tags, serving)) continue;
      const { deployment, model } = serving;
      await this.#keep({ campaign: { date, deployment, model } });
      log("info", `${date}: the monitor of ${signal} reports ${deployment}; people are asked.`);
      return;
    }
  }

  async #continue(campaign: Campaign): Promise<void> {
    const { scenario, workspace, relearning, labelling, published } = this.#parts;
    const project = `${scenario.model}-${campaign.date}`;
    const selection = `${scenario.model}-select-samples-${campaign.date}`;
    this.#status = `picks poorly predicted samples of ${campaign.deployment}`;
    await workspace.submitJob(selection, relearning.selectionJob(campaign, labelling));
    if (!(await this.#isCompleted(selection))) return;

    const { status, answered, total, page } = await this.#labelling.project(project);
    this.#status = `waits for people: ${answered} of ${total} samples are labelled at ${page}`;
    if (status !== "Completed") return;

    const { training } = scenario;
    if (!training) throw new Error(`World ${scenario.name} has no training data to add to.`);
    const fileOf = (version: string) => join(published, `${training.asset}-${version}.${training.extension}`);
    const learnt = await readFile(fileOf(this.#state.trainingData), "utf8");
    const file = fileOf(campaign.date);
    await writeDurably(file, learnt + (await this.#labelling.answers(project)));
    const description = `${this.#state.trainingData}, and the answers of labelling project ${project}.`;
    await workspace.publishData(training.asset, campaign.date, pathToFileURL(file).href, description);

    const job = `${scenario.model}-training-${campaign.date}`;
    this.#status = "trains on what people said";
    await workspace.submitJob(job, relearning.trainingJob(campaign.date));
    if (await this.#isCompleted(job)) await this.#register(job, campaign, project);
  }

  async #register(job: string, { date }: Campaign, project: string): Promise<void> {
    const { scenario, workspace, log } = this.#parts;
    const newestVersion = this.#state.newestVersion + 1;
    const what = `Trained on all that version ${newestVersion - 1} learnt, and on labelling project ${project}.`;
    await workspace.registerModel(scenario.model, String(newestVersion), job, what);
    await this.#keep({ newestVersion, trainingData: date, campaign: null, settledOn: date });
    this.#status = `registered version ${newestVersion}`;
    log("info", `Version ${newestVersion} of ${scenario.model} is registered: ${what}`);
  }

  /** False while it runs. One that fails ends the campaign: the next report begins another. */
  async #isCompleted(job: string): Promise<boolean> {
    const status = await this.#parts.workspace.jobStatus(job);
    if (status !== "Failed" && status !== "Canceled") return status === "Completed";
    const { campaign } = this.#state;
    await this.#keep({ campaign: null, settledOn: campaign?.date ?? null });
    throw new Error(`job ${job} ended as ${status}, expected Completed`);
  }

  async #keep(change: Partial<RelearningState>): Promise<void> {
    const next = { ...this.#state, ...change };
    await writeDurably(this.#parts.stateFile, JSON.stringify(next));
    this.#state = next;
  }
}

const isAbout = (tags: Readonly<Record<string, string | null>>, { deployment }: Serving): boolean =>
  tags["azureml.deployment_name"] === deployment;
