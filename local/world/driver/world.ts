import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Clock } from "../../clock.ts";
import { dayAt } from "../classical/weather.ts";
import { SIGNALS } from "../monitors/metrics.ts";
import type { Controls } from "./controls.ts";
import { CODE, ENVIRONMENT, FIRST_JOB, firstTraining, monitorJob, monitorJobName } from "./jobs.ts";
import { csvOf, type Nature } from "./nature.ts";
import { Pauses } from "./pauses.ts";
import { DATA_ASSET, DAYS_PER_WEEK, ENDPOINT, MODEL, MONITORS, START_DATE, STATIONS } from "./settings.ts";
import { type WorldState, writeDurably } from "./state.ts";
import { askForForecast, type Forecast } from "./stations.ts";
import type { Serving, Workspace } from "./workspace.ts";

export interface WorldParts {
  readonly workspace: Workspace;
  readonly nature: Nature;
  readonly stateFile: string;
  /** Folder of the published observations. */
  readonly observations: string;
  readonly state: WorldState;
  readonly clock: Clock;
  readonly secondsPerDay: number;
  readonly log: (level: "info" | "error", message: string) => void;
}

const POLL_MS = 500;
const WAIT_MS = 1_000;
/** The jobs of this model and what they share with those of others. */
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
  #lastForecast: (Forecast & { date: string }) | null = null;

  constructor(parts: WorldParts) {
    this.#parts = parts;
    this.#pauses = new Pauses(parts.clock);
    this.#state = parts.state;
    this.#secondsPerDay = parts.secondsPerDay;
  }

  /** How the world stands, for `/_world`. */
  tell(): object {
    const { date, isPrepared, monitoredOn } = this.#state;
    return {
      scenario: "classical",
      date,
      status: this.#status,
      isPrepared,
      monitoredOn,
      paused: this.#isPaused,
      secondsPerDay: this.#secondsPerDay,
      daysToAdvance: this.#daysToAdvance,
      /** Since this process started. */
      requests: this.#served,
      lastForecast: this.#lastForecast,
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
    const { workspace, log } = this.#parts;
    this.#status = "trains version 1";
    await workspace.publishCode(CODE.name, CODE.version, CODE_FOLDER);
    await workspace.publishEnvironment(ENVIRONMENT.name, ENVIRONMENT.version, IMAGE);
    await this.#publishData(START_DATE);
    await workspace.submitJob(FIRST_JOB, firstTraining(START_DATE));
    const status = await this.#jobEnd(FIRST_JOB);
    if (status === null) return;
    if (status !== "Completed") throw new Error(`Job ${FIRST_JOB} ended as ${status}, expected Completed.`);
    await workspace.registerModel(
      MODEL,
      "1",
      FIRST_JOB,
      "Trained on winter and spring, January to May 2012.",
    );
    await this.#keep({ isPrepared: true });
    log("info", `Version 1 of ${MODEL} is trained on January to May 2012 and registered.`);
  }

  /** One day: the stations ask, on the last evening of a week the monitors run, and the date moves on. */
  async #live(): Promise<void> {
    const { workspace, nature, log } = this.#parts;
    const { date } = this.#state;
    const tomorrow = nature.dayAfter(date);
    const serving = tomorrow === null ? null : await workspace.serving(ENDPOINT);
    if (tomorrow === null || serving === null) {
      this.#status =
        tomorrow === null ? "is at the end of its data" : `waits until endpoint ${ENDPOINT} serves`;
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
    this.#status = this.#isPaused && !isAdvanced ? "is paused: the stations ask for the same day" : "moves";
    if (this.#isPaused && !isAdvanced) return;

    if (this.#isMonitoringDay(date)) await this.#closeWeek(date, serving);
    if (isAdvanced) this.#daysToAdvance -= 1;
    await this.#keep({ date: tomorrow });
    log("info", `${tomorrow}: ${answered} of ${STATIONS} stations were answered the day before.`);
  }

  #isMonitoringDay(date: string): boolean {
    const days = this.#parts.nature.daysBetween(START_DATE, date);
    return days > 0 && days % DAYS_PER_WEEK === 0 && this.#state.monitoredOn !== date;
  }

  /** All stations stand in one place and send the same: repeats of one real request, so that there is traffic. */
  async #ask(serving: Serving, date: string): Promise<number> {
    const days = this.#parts.nature.until(date);
    const day = dayAt(days, days.length - 1);
    if (!day) throw new Error(`There is no day before ${date}.`);
    let answered = 0;
    for (let station = 1; station <= STATIONS && !this.#pauses.isStopped; station += 1) {
      const forecast = await askForForecast(serving, `${date}/station-${station}`, day);
      if (forecast.status === 200) answered += 1;
      this.#served[forecast.status === 200 ? "answered" : "failed"] += 1;
      this.#lastForecast = { date, ...forecast };
      if (this.#daysToAdvance === 0) await this.#pauses.pause((this.#secondsPerDay * 1000) / STATIONS);
    }
    return answered;
  }

  async #closeWeek(date: string, serving: Serving): Promise<void> {
    const { workspace, nature, log } = this.#parts;
    await this.#publishData(date);
    const week = nature.daysBetween(START_DATE, date) / DAYS_PER_WEEK;
    for (const signal of SIGNALS.filter((name) => week % MONITORS[name].everyWeeks === 0)) {
      await workspace.submitJob(monitorJobName(signal, date), monitorJob(signal, date, serving));
    }
    await this.#keep({ monitoredOn: date });
    log(
      "info",
      `${date}: observations are published, the monitors look at deployment ${serving.deployment}.`,
    );
  }

  /** All observations so far, as the version of that date. */
  async #publishData(date: string): Promise<void> {
    const { workspace, nature, observations } = this.#parts;
    const file = join(observations, `${date}.csv`);
    await writeDurably(file, csvOf(nature.until(date)));
    await workspace.publishData(
      DATA_ASSET,
      date,
      pathToFileURL(file).href,
      `Seattle, 2012-01-01 to ${date}.`,
    );
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
