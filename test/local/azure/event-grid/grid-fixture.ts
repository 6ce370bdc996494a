import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import {
  createEventGrid,
  type EventGrid,
  type EventGridOptions,
} from "../../../../local/azure/event-grid/index.ts";
import type { RaisedEvent, ServiceAnswer } from "../../../../local/azure/service.ts";
import { ManualClock } from "../../../../local/clock.ts";
import { eventually } from "../../../waiting.ts";
import { startSubscriber } from "./subscriber.ts";

export const WORKSPACE =
  "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/mlw";
export const SUBSCRIPTION = `${WORKSPACE}/providers/Microsoft.EventGrid/eventSubscriptions/model-events`;
export const TOPIC = "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.EventGrid/systemTopics/ml";
export const registered: RaisedEvent = {
  topic: WORKSPACE,
  subject: "models/weather:7",
  eventType: "Microsoft.MachineLearningServices.ModelRegistered",
  data: { ModelName: "weather", ModelVersion: 7 },
};

/** An Event Grid for each test, in time that stands still, and a webhook that is subscribed to it. */
export class GridFixture {
  data = "";
  logged: string[] = [];
  clock = new ManualClock();
  #grid: EventGrid | undefined;
  #hook: Awaited<ReturnType<typeof startSubscriber>> | undefined;

  constructor() {
    beforeEach(async () => {
      this.data = await mkdtemp(path.join(tmpdir(), "event-grid-"));
      this.logged = [];
      this.clock = new ManualClock(Date.UTC(2026, 0, 1));
      this.open();
      await this.hookAt(0);
    });
    afterEach(async () => {
      await this.grid.service.stop?.();
      await this.hook.stop();
      await rm(this.data, { recursive: true });
    });
  }

  get grid(): EventGrid {
    if (!this.#grid) throw new Error("Event Grid runs only while a test does.");
    return this.#grid;
  }

  get hook() {
    if (!this.#hook) throw new Error("The webhook runs only while a test does.");
    return this.#hook;
  }

  /** Starts it, again after a stop. Waits are those of the schedule, unless `random` says otherwise. */
  open(more: Partial<EventGridOptions> = {}): void {
    this.#grid = createEventGrid({
      data: this.data,
      clock: this.clock,
      authenticate: (headers) => headers.authorization === "Bearer t",
      random: () => 0,
      log: (_, message) => void this.logged.push(message),
      ...more,
    });
  }

  async hookAt(port: number): Promise<void> {
    this.#hook = await startSubscriber(port);
  }

  /** The failed attempt has been recorded. (A timer would not tell: the attempt itself has one of 30 s.) */
  async untilPostponed(times: number, seconds: number): Promise<void> {
    await eventually(() => {
      expect(this.logged).toHaveLength(times);
      expect(this.logged.at(-1)).toContain(`again in ${seconds} s`);
    });
  }

  async call(
    method: string,
    target: string,
    body?: unknown,
    options: { query?: string; authorization?: string } = {},
  ): Promise<ServiceAnswer> {
    const answer = await this.grid.service.handle({
      method,
      path: target,
      segments: target.split("/").filter(Boolean),
      query: new URLSearchParams(options.query ?? "api-version=2022-06-15"),
      headers: { authorization: options.authorization ?? "Bearer t" },
      body: new TextEncoder().encode(JSON.stringify(body)),
      origin: "https://localhost:7072",
      signal: new AbortController().signal,
    });
    if (!answer) throw new Error(`nobody answers ${method} ${target}`);
    return answer;
  }

  propertiesOf(more: Record<string, unknown> = {}, query = "?functionName=f&code=secret") {
    return {
      properties: {
        destination: {
          endpointType: "WebHook",
          properties: { endpointUrl: `http://127.0.0.1:${this.hook.port}/hook${query}` },
        },
        ...more,
      },
    };
  }

  async stateOf(id = SUBSCRIPTION): Promise<string> {
    const { body } = await this.call("GET", id);
    return (body as { properties: { provisioningState: string } }).properties.provisioningState;
  }

  async subscribe(more: Record<string, unknown> = {}, id = SUBSCRIPTION): Promise<void> {
    expect(await this.call("PUT", id, this.propertiesOf(more))).toMatchObject({ status: 201 });
    await eventually(async () => expect(await this.stateOf(id)).toBe("Succeeded"));
  }

  async deadLetters(): Promise<{ event: Record<string, unknown> }[]> {
    const { body } = await this.call("GET", "/_eventgrid/deadletters");
    return body as { event: Record<string, unknown> }[];
  }
}
