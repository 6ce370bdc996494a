import type { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import type { EventEffect } from "../faults/rule.ts";
import { openSqliteFile, transact } from "../sqlite-file.ts";
import { BURIALS_SCHEMA, Burials } from "./burials.ts";
import { type Death, type KeptEvent, toDeadLetter } from "./envelope.ts";
import { PROBATION_SCHEMA, Probation } from "./probation.ts";
import {
  isWanted,
  type ProvisioningState,
  type Subscription,
  SubscriptionProperties,
} from "./subscription.ts";
import { carries, findTopicType } from "./topic-types.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS topics (key TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS subscriptions (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, resourceId TEXT NOT NULL, name TEXT NOT NULL,
    topic TEXT NOT NULL, properties TEXT NOT NULL, state TEXT NOT NULL,
    validationCode TEXT NOT NULL, validationUrl TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY, body TEXT NOT NULL, raisedAt INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER NOT NULL, subscription INTEGER NOT NULL, attempts INTEGER NOT NULL, dueAt INTEGER NOT NULL,
    lastAttemptAt INTEGER, lastOutcome TEXT, PRIMARY KEY (seq, subscription)) STRICT;
  CREATE TABLE IF NOT EXISTS marks (
    seq INTEGER NOT NULL, subscription INTEGER NOT NULL, mark TEXT NOT NULL, PRIMARY KEY (seq, subscription)) STRICT;
  CREATE INDEX IF NOT EXISTS deliveriesByDueAt ON deliveries (dueAt);
  CREATE TABLE IF NOT EXISTS deadLetters (
    id INTEGER PRIMARY KEY, subscription TEXT NOT NULL, deadLetteredAt TEXT NOT NULL, event TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT;
  ${PROBATION_SCHEMA}
  ${BURIALS_SCHEMA}
`;

const SubscriptionRow = z.object({
  id: z.number(),
  resourceId: z.string(),
  name: z.string(),
  topic: z.string(),
  properties: z.string().transform((text) => SubscriptionProperties.parse(JSON.parse(text))),
  state: z.enum(["Creating", "Updating", "Succeeded", "Failed", "AwaitingManualAction"]),
  validationCode: z.string(),
  validationUrl: z.string(),
});
const Event = z.object({
  id: z.string(),
  topic: z.string(),
  subject: z.string(),
  eventType: z.string(),
  eventTime: z.string(),
  data: z.record(z.string(), z.unknown()),
  dataVersion: z.string().optional(),
});
const DeliveryRow = z.object({
  seq: z.number(),
  subscription: z.number(),
  attempts: z.number(),
  lastAttemptAt: z.number().nullable(),
  /** Absent before the first attempt. */
  lastOutcome: z.string().nullable(),
  raisedAt: z.number(),
  body: z.string().transform((text): KeptEvent => Event.parse(JSON.parse(text))),
});
const DeadLetterRow = z.object({
  id: z.number(),
  subscription: z.string(),
  deadLetteredAt: z.string(),
  event: z.string().transform((text): unknown => JSON.parse(text)),
});
const DELIVERY_COLUMNS =
  "d.seq, d.subscription, d.attempts, d.lastAttemptAt, d.lastOutcome, e.raisedAt, e.body";
const CountRow = z.object({ name: z.string(), n: z.number() });

/** One event on its way to one subscriber. Times in ms since the epoch. */
export type Delivery = z.infer<typeof DeliveryRow>;
export type DeadLetter = z.infer<typeof DeadLetterRow>;

/** An event that waits to be overtaken by a later one does not wait for ever. */
const OVERTAKEN_WITHIN_MS = 30_000;

const COUNTED = ["eventsRaised", "eventsDelivered", "eventsDeadLettered"] as const;

/** What Event Grid keeps, in one SQLite file. Each method that writes is one durable transaction. */
export class EventGridStore {
  readonly probation: Probation;
  readonly burials: Burials;
  readonly #db: DatabaseSync;

  constructor(file: string) {
    this.#db = openSqliteFile(file, SCHEMA);
    addLastOutcome(this.#db);
    this.probation = new Probation(this.#db);
    this.burials = new Burials(this.#db);
  }

  close(): void {
    this.#db.close();
  }

  counts(): Record<string, number> {
    const kept = this.#db
      .prepare("SELECT name, n FROM counts")
      .all()
      .map((row) => CountRow.parse(row));
    return Object.fromEntries(COUNTED.map((name) => [name, kept.find((row) => row.name === name)?.n ?? 0]));
  }

  /** Keeps the event for every subscription that wants it. A subscription still being created takes none, as in Azure. */
  addEvent(event: KeptEvent, now: number, effect?: EventEffect): void {
    const wanting = this.subscriptions().filter(
      (subscription) =>
        (subscription.state === "Succeeded" || subscription.state === "Updating") &&
        !isExpired(subscription, now) &&
        this.#isCarried(subscription, event.eventType) &&
        isWanted(event, subscription.topic, subscription.properties),
    );
    this.#transaction(() => {
      this.#count("eventsRaised");
      if (wanting.length === 0) return;
      const body = JSON.stringify(event);
      const added = this.#db.prepare("INSERT INTO events (body, raisedAt) VALUES (?, ?)").run(body, now);
      const insert = this.#db.prepare(
        "INSERT INTO deliveries (seq, subscription, attempts, dueAt) VALUES (?, ?, 0, ?)",
      );
      const dueAt = now + delayOf(effect);
      for (const { id } of wanting) insert.run(added.lastInsertRowid, id, dueAt);
      if (typeof effect !== "string") return;
      const mark = this.#db.prepare("INSERT INTO marks VALUES (?, ?, ?)");
      for (const { id } of wanting) mark.run(added.lastInsertRowid, id, effect);
    });
  }

  /** A system topic carries the events of its type alone. */
  #isCarried({ resourceId }: Subscription, eventType: string): boolean {
    const [topicId = ""] = resourceId.split(/\/eventSubscriptions\//i);
    const document = /\/systemTopics\//i.test(topicId) ? this.topic(topicId) : undefined;
    if (!document) return true;
    const { properties } = z
      .looseObject({ properties: z.looseObject({ topicType: z.string() }) })
      .parse(document);
    const type = findTopicType(properties.topicType);
    return type !== undefined && carries(type, eventType);
  }

  /** Deliveries of validated subscriptions that are due, the oldest events first; not to those on probation. */
  dueDeliveries(now: number, limit: number): Delivery[] {
    const sql = `SELECT ${DELIVERY_COLUMNS}
      FROM deliveries d JOIN events e ON e.seq = d.seq JOIN subscriptions s ON s.id = d.subscription
      LEFT JOIN probations p ON p.subscription = d.subscription
      WHERE d.dueAt <= ? AND coalesce(p.heldUntil, 0) <= ? AND s.state = 'Succeeded'
      ORDER BY d.dueAt, d.seq LIMIT ?`;
    return this.#db
      .prepare(sql)
      .all(now, now, limit)
      .map((row) => DeliveryRow.parse(row));
  }

  /** Those of one subscription alone, for a batch. */
  dueDeliveriesOf(subscription: number, now: number, limit: number): Delivery[] {
    const sql = `SELECT ${DELIVERY_COLUMNS} FROM deliveries d JOIN events e ON e.seq = d.seq
      WHERE d.subscription = ? AND d.dueAt <= ? ORDER BY d.dueAt, d.seq LIMIT ?`;
    const rows = this.#db.prepare(sql).all(subscription, now, limit);
    return rows.map((row) => DeliveryRow.parse(row));
  }

  /** When the next delivery after `now` is due. */
  nextDueAt(now: number): number | undefined {
    const sql = `SELECT min(max(d.dueAt, coalesce(p.heldUntil, 0))) AS dueAt
      FROM deliveries d JOIN subscriptions s ON s.id = d.subscription
      LEFT JOIN probations p ON p.subscription = d.subscription
      WHERE max(d.dueAt, coalesce(p.heldUntil, 0)) > ? AND s.state = 'Succeeded'`;
    const { dueAt } = z.object({ dueAt: z.number().nullable() }).parse(this.#db.prepare(sql).get(now));
    return dueAt ?? undefined;
  }

  /** Delivered: forgotten, unless it is to come twice. An event that waited to be overtaken by it goes on its way. */
  settle(delivery: Delivery, now: number): void {
    this.#transaction(() => {
      if (!this.#deliverAgain(delivery, now) && this.#forget(delivery)) this.#count("eventsDelivered");
      this.#releaseOvertaken(delivery, now);
    });
  }

  #deliverAgain({ seq, subscription }: Delivery, now: number): boolean {
    const sql = "DELETE FROM marks WHERE seq = ? AND subscription = ? AND mark = 'twice'";
    if (this.#db.prepare(sql).run(seq, subscription).changes === 0) return false;
    const again = "UPDATE deliveries SET dueAt = ? WHERE seq = ? AND subscription = ?";
    return this.#db.prepare(again).run(now, seq, subscription).changes > 0;
  }

  #releaseOvertaken({ seq, subscription }: Delivery, now: number): void {
    const sql =
      "DELETE FROM marks WHERE subscription = ? AND seq < ? AND mark = 'out-of-order' RETURNING seq";
    const overtaken = this.#db.prepare(sql).all(subscription, seq);
    const release = this.#db.prepare("UPDATE deliveries SET dueAt = ? WHERE seq = ? AND subscription = ?");
    for (const row of overtaken) release.run(now, Number(row.seq), subscription);
  }

  postpone({ seq, subscription, attempts }: Delivery, outcome: string, now: number, dueAt: number): void {
    const sql = `UPDATE deliveries SET attempts = ?, lastAttemptAt = ?, lastOutcome = ?, dueAt = ?
      WHERE seq = ? AND subscription = ?`;
    this.#db.prepare(sql).run(attempts + 1, now, outcome, dueAt, seq, subscription);
  }

  /** @param dueAt - when it is to be in the subscription's dead-letter container, if it has one */
  bury(delivery: Delivery, subscription: Subscription, death: Death, now: number, dueAt: number): void {
    const event = toDeadLetter(delivery.body, subscription.properties.eventDeliverySchema, death);
    this.#transaction(() => {
      if (!this.#forget(delivery)) return;
      this.#count("eventsDeadLettered");
      this.#db
        .prepare("INSERT INTO deadLetters (subscription, deadLetteredAt, event) VALUES (?, ?, ?)")
        .run(subscription.resourceId, new Date(now).toISOString(), JSON.stringify(event));
      const container = subscription.properties.deadLetterDestination?.properties.blobContainerName;
      if (container === undefined) return;
      this.burials.add({ name: subscription.name, container, event, buriedAt: now, dueAt });
    });
  }

  /** Newest first. */
  deadLetters(limit: number): DeadLetter[] {
    const rows = this.#db.prepare("SELECT * FROM deadLetters ORDER BY id DESC LIMIT ?").all(limit);
    return rows.map((row) => DeadLetterRow.parse(row));
  }

  subscriptions(): Subscription[] {
    return this.#db
      .prepare("SELECT * FROM subscriptions ORDER BY id")
      .all()
      .map((row) => SubscriptionRow.parse(row));
  }

  subscription(resourceId: string): Subscription | undefined {
    const row = this.#db.prepare("SELECT * FROM subscriptions WHERE key = ?").get(resourceId.toLowerCase());
    return row && SubscriptionRow.parse(row);
  }

  subscriptionById(id: number): Subscription | undefined {
    const row = this.#db.prepare("SELECT * FROM subscriptions WHERE id = ?").get(id);
    return row && SubscriptionRow.parse(row);
  }

  putSubscription(subscription: Omit<Subscription, "id">): Subscription {
    const { resourceId, name, topic, properties, state, validationCode, validationUrl } = subscription;
    const sql = `INSERT INTO subscriptions (key, resourceId, name, topic, properties, state, validationCode, validationUrl)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET topic = excluded.topic,
      properties = excluded.properties, state = excluded.state, validationCode = excluded.validationCode,
      validationUrl = excluded.validationUrl RETURNING *`;
    const key = resourceId.toLowerCase();
    const text = JSON.stringify(properties);
    const row = this.#db
      .prepare(sql)
      .get(key, resourceId, name, topic, text, state, validationCode, validationUrl);
    return SubscriptionRow.parse(row);
  }

  setState(id: number, state: ProvisioningState): void {
    this.#db.prepare("UPDATE subscriptions SET state = ? WHERE id = ?").run(state, id);
  }

  /** With all that was on its way to it. */
  deleteSubscription(id: number): void {
    this.#transaction(() => {
      this.probation.end(id);
      this.#db.prepare("DELETE FROM subscriptions WHERE id = ?").run(id);
      this.#db.prepare("DELETE FROM deliveries WHERE subscription = ?").run(id);
      this.#db.prepare("DELETE FROM marks WHERE subscription = ?").run(id);
      this.#db.exec("DELETE FROM events WHERE seq NOT IN (SELECT seq FROM deliveries)");
    });
  }

  topic(resourceId: string): Record<string, unknown> | undefined {
    const row = this.#db.prepare("SELECT document FROM topics WHERE key = ?").get(resourceId.toLowerCase());
    return row && z.record(z.string(), z.unknown()).parse(JSON.parse(String(row.document)));
  }

  putTopic(resourceId: string, document: Record<string, unknown>): void {
    this.#db
      .prepare("INSERT OR REPLACE INTO topics VALUES (?, ?)")
      .run(resourceId.toLowerCase(), JSON.stringify(document));
  }

  topics(): Record<string, unknown>[] {
    const rows = this.#db.prepare("SELECT document FROM topics ORDER BY key").all();
    return rows.map((row) => z.record(z.string(), z.unknown()).parse(JSON.parse(String(row.document))));
  }

  /** With the subscriptions that it holds. */
  deleteTopic(resourceId: string): boolean {
    const below = `${resourceId.toLowerCase()}/`;
    for (const subscription of this.subscriptions()) {
      if (subscription.resourceId.toLowerCase().startsWith(below)) this.deleteSubscription(subscription.id);
    }
    return this.#db.prepare("DELETE FROM topics WHERE key = ?").run(resourceId.toLowerCase()).changes > 0;
  }

  #forget({ seq, subscription }: Delivery): boolean {
    const sql = "DELETE FROM deliveries WHERE seq = ? AND subscription = ?";
    const forgotten = this.#db.prepare(sql).run(seq, subscription).changes > 0;
    this.#db.prepare("DELETE FROM marks WHERE seq = ? AND subscription = ?").run(seq, subscription);
    this.#db
      .prepare("DELETE FROM events WHERE seq = ? AND NOT EXISTS (SELECT 1 FROM deliveries WHERE seq = ?)")
      .run(seq, seq);
    return forgotten;
  }

  #count(name: (typeof COUNTED)[number]): void {
    this.#db.prepare("INSERT INTO counts VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET n = n + 1").run(name);
  }

  #transaction(work: () => void): void {
    transact(this.#db, work);
  }
}

/** Files that were made before deliveries had it. */
function addLastOutcome(db: DatabaseSync): void {
  const sql = "SELECT 1 FROM pragma_table_info('deliveries') WHERE name = 'lastOutcome'";
  if (!db.prepare(sql).get()) db.exec("ALTER TABLE deliveries ADD COLUMN lastOutcome TEXT");
}

function isExpired({ properties: { expirationTimeUtc } }: Subscription, now: number): boolean {
  return typeof expirationTimeUtc === "string" && Date.parse(expirationTimeUtc) <= now;
}

function delayOf(effect: EventEffect | undefined): number {
  if (effect === "out-of-order") return OVERTAKEN_WITHIN_MS;
  return typeof effect === "object" ? effect.lateMs : 0;
}
