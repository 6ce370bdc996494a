import type { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import type { Clock } from "../../../clock.ts";
import { findResource } from "../catalogue.ts";
import { type LogPlace, TRAFFIC_LOG } from "../logs/traffic-log.ts";
import type { RequestStore } from "../store.ts";
import { toLogRecord, toMessages, toMetricRecords } from "./records.ts";
import { ALL_METRICS, categoriesOf, type Setting } from "./setting.ts";

/** Sends bodies to an event hub, in order; resolves once they are kept there. */
export type Publish = (hub: string, bodies: readonly unknown[]) => Promise<void>;

export interface StreamerOptions extends LogPlace {
  readonly db: DatabaseSync;
  readonly store: RequestStore;
  readonly clock: Clock;
  readonly settings: () => readonly Setting[];
  readonly publish: Publish;
  readonly log: (level: "info" | "error", message: string) => void;
}

/** Azure takes minutes; whoever watches need not wait so long. */
const EVERY_MS = 5_000;
const MINUTE_MS = 60_000;
/** Requests read at a time: what is held in memory, however long the hub was away. */
const MOST_AT_ONCE = 1_000;
/** Metrics of minutes further back are not made up for. */
const MOST_MINUTES = 60;

const Cursor = z.object({ lastRequest: z.number(), nextMinute: z.number() });

/**
 * Streams what settings ask for. How far each has come is kept once the hub has it: after a crash some records come
 * twice, as they may from Azure, and none is missing.
 */
export class Streamer {
  readonly #options: StreamerOptions;
  #cancelTimer = () => {};
  #isStopped = false;
  #underWay: Promise<void> | undefined;

  constructor(options: StreamerOptions) {
    this.#options = options;
    options.db.exec(`CREATE TABLE IF NOT EXISTS cursors (
      setting TEXT PRIMARY KEY, lastRequest INTEGER NOT NULL, nextMinute INTEGER NOT NULL) STRICT`);
    this.#wait();
  }

  /** From now on: what was before a setting does not stream. */
  begin(settingId: string): void {
    const { db, store, clock } = this.#options;
    db.prepare("INSERT OR IGNORE INTO cursors VALUES (?, ?, ?)").run(
      settingId.toLowerCase(),
      store.lastNumber(),
      Math.floor(clock.now() / MINUTE_MS) * MINUTE_MS,
    );
  }

  forget(settingId: string): void {
    this.#options.db.prepare("DELETE FROM cursors WHERE setting = ?").run(settingId.toLowerCase());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer();
    await this.#underWay;
  }

  #wait(): void {
    this.#cancelTimer = this.#options.clock.after(EVERY_MS, () => {
      this.#underWay ??= this.#work().finally(() => {
        this.#underWay = undefined;
      });
      this.#wait();
    });
  }

  async #work(): Promise<void> {
    for (const setting of this.#options.settings()) {
      try {
        const categories = categoriesOf(setting.properties).map((name) => name.toLowerCase());
        if (categories.includes(TRAFFIC_LOG.toLowerCase())) await this.#streamLogs(setting);
        if (categories.includes(ALL_METRICS.toLowerCase())) await this.#streamMetrics(setting);
      } catch (error) {
        this.#options.log("error", `The diagnostic setting ${setting.name} waits: ${String(error)}`);
      }
      if (this.#isStopped) return;
    }
  }

  async #streamLogs(setting: Setting): Promise<void> {
    const { store, db, publish } = this.#options;
    while (!this.#isStopped) {
      const { lastRequest } = this.#cursor(setting);
      const found = store.after(setting.resourceId, lastRequest, MOST_AT_ONCE);
      if (found.requests.length > 0) {
        const records = found.requests.map((request) => toLogRecord(request, this.#options));
        await publish(setting.properties.eventHubName, toMessages(records));
      }
      db.prepare("UPDATE cursors SET lastRequest = ? WHERE setting = ?").run(
        found.lastNumber,
        setting.id.toLowerCase(),
      );
      if (found.requests.length < MOST_AT_ONCE) return;
    }
  }

  async #streamMetrics(setting: Setting): Promise<void> {
    const { store, db, publish, clock } = this.#options;
    const resource = findResource(setting.resourceId.split("/").filter(Boolean));
    const until = Math.floor(clock.now() / MINUTE_MS) * MINUTE_MS;
    const from = Math.max(this.#cursor(setting).nextMinute, until - MOST_MINUTES * MINUTE_MS);
    if (!resource || from >= until) return;
    const records: Record<string, unknown>[] = [];
    for (let minute = from; minute < until; minute += MINUTE_MS) {
      const requests = [...store.of(resource, { start: minute, end: minute + MINUTE_MS })];
      records.push(...toMetricRecords(resource, requests, minute));
    }
    if (records.length > 0) await publish(setting.properties.eventHubName, toMessages(records));
    db.prepare("UPDATE cursors SET nextMinute = ? WHERE setting = ?").run(until, setting.id.toLowerCase());
  }

  #cursor({ id }: Setting): z.infer<typeof Cursor> {
    const row = this.#options.db.prepare("SELECT * FROM cursors WHERE setting = ?").get(id.toLowerCase());
    return Cursor.parse(row);
  }
}
