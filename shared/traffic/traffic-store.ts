import * as z from "zod";
import type { Documents, Stored } from "../azure/tables.ts";
import { sha256 } from "../canonical.ts";
import { OuterloopError } from "../errors.ts";
import { Alarms, noAlarms } from "./judge.ts";
import { type Comer, type Met, meet, type Refused, Waiting } from "./meeting.ts";
import { Window } from "./windows.ts";

/** What one partition of the hub has told about one endpoint. */
export const Tally = z.object({
  /** Of the last event that was counted: a redelivered one is not counted again. */
  lastSequence: z.int(),
  /** The newest record's own time, in ms. */
  newestAt: z.int(),
  windows: z.array(Window),
});
export type Tally = z.infer<typeof Tally>;

/** Rows of one endpoint: a tally for each partition, alarms for each deployment, and those who wait to meet. */
export const TrafficRow = z.union([Tally, Alarms, z.object({ waiting: z.array(Waiting) })]);
export type TrafficRow = z.infer<typeof TrafficRow>;

/** One partition of the hub has one reader, so that writers meet only when it changes hands. */
const MOST_ATTEMPTS = 20;

/** Rooms in which predictions and truths wait for each other, by correlation id: few enough to be read at once. */
const ROOMS = 64;

/** Others changed the same row again and again meanwhile. Worth another try. */
export class TrafficBusyError extends OuterloopError {
  override name = "TrafficBusyError";
}

/** The state of the windows, guarded by etags: it survives a restart, and counts each event once. */
export class TrafficStore {
  readonly #rows: Documents<TrafficRow>;

  constructor(rows: Documents<TrafficRow>) {
    this.#rows = rows;
  }

  async tally(endpoint: string, partition: string): Promise<Tally> {
    return tallyOf(await this.#rows.get(tallyKey(endpoint, partition)));
  }

  /** @throws {TrafficBusyError} */
  async updateTally(endpoint: string, partition: string, change: (tally: Tally) => Tally): Promise<void> {
    await this.#update(tallyKey(endpoint, partition), (stored) => ({
      row: change(tallyOf(stored)),
      answer: null,
    }));
  }

  async tallies(endpoint: string): Promise<Tally[]> {
    const range = { partition: endpoint, from: "tally:", below: "tally;" };
    const rows = await Array.fromAsync(this.#rows.list(range));
    return rows.flatMap(({ value }) => ("lastSequence" in value ? [value] : []));
  }

  async alarms(endpoint: string): Promise<Alarms[]> {
    const range = { partition: endpoint, from: "alarms:", below: "alarms;" };
    const rows = await Array.fromAsync(this.#rows.list(range));
    return rows.flatMap(({ value }) => ("judgedThrough" in value ? [value] : []));
  }

  /** Safe to repeat, and two judges of the same windows come to the same result: what is judged further stays. */
  async putAlarms(endpoint: string, alarms: Alarms): Promise<void> {
    const key = { partition: endpoint, row: `alarms:${alarms.deployment.toLowerCase()}` };
    await this.#update(key, (stored) => {
      const before = stored && "judgedThrough" in stored.value ? stored.value : noAlarms(alarms.deployment);
      return { row: before.judgedThrough > alarms.judgedThrough ? before : alarms, answer: null };
    });
  }

  /** @throws {TrafficBusyError} */
  async meet(
    endpoint: string,
    comers: readonly Comer[],
    now: Date,
  ): Promise<{ met: Met[]; refused: Refused[] }> {
    const byRoom = Map.groupBy(comers, ({ id }) => Number.parseInt(sha256(id).slice(0, 8), 16) % ROOMS);
    const answers = await Promise.all(
      [...byRoom].map(([room, own]) => {
        return this.#update({ partition: endpoint, row: `room:${room}` }, (stored) => {
          const waiting = stored && "waiting" in stored.value ? stored.value.waiting : [];
          const { waiting: left, met, refused } = meet(waiting, own, now.getTime());
          return { row: { waiting: left }, answer: { met, refused } };
        });
      }),
    );
    return {
      met: answers.flatMap(({ met }) => met),
      refused: answers.flatMap(({ refused }) => refused),
    };
  }

  async #update<A>(
    key: { partition: string; row: string },
    change: (stored: Stored<TrafficRow> | null) => { row: TrafficRow; answer: A },
  ): Promise<A> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const stored = await this.#rows.get(key);
      const { row, answer } = change(stored);
      const written = stored
        ? await this.#rows.replace(key, row, stored.etag)
        : await this.#rows.insert(key, row);
      if (written) return answer;
    }
    throw new TrafficBusyError(
      `Row '${key.row}' of '${key.partition}' changed ${MOST_ATTEMPTS} times meanwhile.`,
      key,
    );
  }
}

const tallyKey = (endpoint: string, partition: string) => ({
  partition: endpoint,
  row: `tally:${partition}`,
});

const tallyOf = (stored: Stored<TrafficRow> | null): Tally =>
  stored && "lastSequence" in stored.value ? stored.value : { lastSequence: -1, newestAt: 0, windows: [] };
