import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Clock } from "../../clock.ts";
import { DAYS_PER_WEEK, daysBetween } from "../calendar.ts";
import type { Controls } from "./controls.ts";
import { Pauses } from "./pauses.ts";
import { ask, type Scored } from "./requests.ts";
import { monitorJobName, type Publication, type Scenario } from "./scenario.ts";
import { type WorldState, writeDurably } from "./state.ts";
import type { Serving, Workspace } from "./workspace.ts";

export interface WorldParts {
  readonly workspace: Workspace;
  readonly scenario: Scenario;
  readonly stateFile: string;
  /** Folder of what was published as data. */
  readonly published: string;
  readonly state: WorldState;
  readonly clock: Clock;
  readonly secondsPerDay: number;
  readonly log: (level: "info" | "error", message: string) => void;
}

const POLL_MS = 500;
const WAIT_MS = 1_000;
/** The jobs of all models: they share much. */
const CODE_FOLDER = new URL("../", import.meta.url).href;
/** What the jobs would run in; here they run on this machine as they are. */
const IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04";

/** What nature, the users of the model and its data scientists do, a day after the other. */
export class World {
  readonly #parts: WorldParts;
  readonly #pauses: Pauses;
  #state: WorldState;
  #secondsPerDay: number;
  #isPaused = false;
  #daysToAdvance = 0;
  /** What holds the days up, in words. */
  #status = "is being prepared";
  #served: { answered: number; failed: number } = { answered: 0, failed: 0 };
  #lastAnswer: (Scored & { date: string }) | null = null;

  constructor(parts: WorldParts) {
    this.#parts = parts;
    this.#pauses = new Pauses(parts.clock);
    this.#state = parts.state;
    this.#secondsPerDay = parts.secondsPerDay;
  }

  /** The last day whose monitors were submitted. */
  get monitoredOn(): string | null {
    return this.#state.monitoredOn;
  }

  /** How the world stands, for `/_world`. */
  tell(): object {
    const { date, isPrepared, monitoredOn } = this.#state;
    return {
      scenario: this.#parts.scenario.name,
      date,
      status: this.#status,
      isPrepared,
      monitoredOn,
      paused: this.#isPaused,
      secondsPerDay: this.#secondsPerDay,
      daysToAdvance: this.#daysToAdvance,
      /** Since this process started. */
      requests: this.#served,
      lastAnswer: this.#lastAnswer,
    };
  }

  change({ secondsPerDay, paused, advanceDays }: Controls): void {
    if (secondsPerDay !== undefined) this.#secondsPerDay = secondsPerDay;
    if (paused !== undefined) this.#isPaused = paused;
    if (advanceDays !== undefined) this.#daysToAdvance += advanceDays;
    this.#pauses.cutShort();
  }

  stop(): void {
    this.#pauses.stop();
  }

  /** Lives until it is stopped. A step that fails is logged and tried again: no state is lost by it. */
  async run(): Promise<void> {
    while (!this.#pauses.isStopped) {
      try {
        if (!this.#state.isPrepared) await this.#prepare();
        else await this.#live();
      } catch (error) {
        if (this.#pauses.isStopped) return;
        this.#status = `waits: ${error instanceof Error ? error.message : String(error)}`;
        this.#parts.log("error", `The world ${this.#status}`);
        await this.#pauses.pause(WAIT_MS);
      }
    }
  }

  /** Code, environment and data are published, version 1 is trained and registered. Each step is safe to repeat. */
  async #prepare(): Promise<void> {
    const { workspace, scenario, log } = this.#parts;
    const { code, startDate, firstTrainingJob: job, model, learntFrom } = scenario;
    this.#status = "trains version 1";
    await workspace.publishCode(code, "1", CODE_FOLDER);
    await workspace.publishEnvironment(`${code}-env`, "1", IMAGE);
    await this.#publish(startDate, scenario.dataUntil(startDate));
    if (scenario.training) await this.#publish(startDate, scenario.training);
    await workspace.submitJob(job, scenario.firstTraining());
    const status = await this.#jobEnd(job);
    if (status === null) return;
    if (status !== "Completed") throw new Error(`Job ${job} ended as ${status}, expected Completed.`);
    await workspace.registerModel(model, "1", job, `Trained on ${learntFrom}.`);
    await this.#keep({ isPrepared: true });
    log("info", `Version 1 of ${model} is trained on ${learntFrom}, and registered.`);
  }

  /** One day: the callers ask, on the last evening of a week the monitors run, and the date moves on. */
  async #live(): Promise<void> {
    const { workspace, scenario, log } = this.#parts;
    const { date } = this.#state;
    const tomorrow = scenario.dayAfter(date);
    const serving = tomorrow === null ? null : await workspace.serving(scenario.endpoint);
    if (tomorrow === null || serving === null) {
      this.#status =
        tomorrow === null ? "is at the end of its data" : `waits until endpoint ${scenario.endpoint} serves`;
      if (tomorrow === null) this.#daysToAdvance = 0;
      await this.#pauses.pause(WAIT_MS);
      return;
    }
    const answered = await this.#ask(serving, date);
    if (this.#pauses.isStopped) return;
    if (answered === 0) {
      this.#status = `waits: no request of ${date} was answered`;
      await this.#pauses.pause(WAIT_MS);
      return;
    }
    const isAdvanced = this.#daysToAdvance > 0;
    this.#status = this.#isPaused && !isAdvanced ? "is paused: the same day is asked for again" : "moves";
    if (this.#isPaused && !isAdvanced) return;

    if (this.#isMonitoringDay(date)) await this.#closeWeek(date, serving);
    if (isAdvanced) this.#daysToAdvance -= 1;
    await this.#keep({ date: tomorrow });
    log("info", `${tomorrow}: ${answered} requests were answered the day before.`);
  }

  #isMonitoringDay(date: string): boolean {
    const days = daysBetween(this.#parts.scenario.startDate, date);
    return days > 0 && days % DAYS_PER_WEEK === 0 && this.#state.monitoredOn !== date;
  }

  async #ask(serving: Serving, date: string): Promise<number> {
    const requests = this.#parts.scenario.requestsOn(date);
    let answered = 0;
    for (const request of requests) {
      if (this.#pauses.isStopped) return answered;
      const scored = await ask(serving, request);
      if (scored.status === 200) answered += 1;
      this.#served[scored.status === 200 ? "answered" : "failed"] += 1;
      this.#lastAnswer = { date, ...scored };
      if (this.#daysToAdvance === 0) await this.#pauses.pause((this.#secondsPerDay * 1000) / requests.length);
    }
    return answered;
  }

  async #closeWeek(date: string, serving: Serving): Promise<void> {
    const { workspace, scenario, log } = this.#parts;
    await this.#publish(date, scenario.dataUntil(date));
    const week = daysBetween(scenario.startDate, date) / DAYS_PER_WEEK;
    for (const signal of scenario.monitorsOf(week)) {
      const job = scenario.monitorJob(signal, date, serving);
      await workspace.submitJob(monitorJobName(scenario, signal, date), job);
    }
    await this.#keep({ monitoredOn: date });
    log("info", `${date}: data is published, the monitors look at deployment ${serving.deployment}.`);
  }

  /** As the version of that date. */
  async #publish(date: string, { asset, extension, text, description }: Publication): Promise<void> {
    const { workspace, published } = this.#parts;
    const file = join(published, `${asset}-${date}.${extension}`);
    await writeDurably(file, text);
    await workspace.publishData(asset, date, pathToFileURL(file).href, description);
  }

  /** The status a job ends with; null when the world is stopped meanwhile. */
  async #jobEnd(job: string): Promise<string | null> {
    while (!this.#pauses.isStopped) {
      const status = await this.#parts.workspace.jobStatus(job);
      if (status === "Completed" || status === "Failed" || status === "Canceled") return status;
      await this.#pauses.pause(POLL_MS);
    }
    return null;
  }

  async #keep(change: Partial<WorldState>): Promise<void> {
    const next = { ...this.#state, ...change };
    await writeDurably(this.#parts.stateFile, JSON.stringify(next));
    this.#state = next;
  }
}
