import type { DatabaseSync } from "node:sqlite";
import * as z from "zod";

const Dimensions = z.array(z.object({ name: z.string(), value: z.string() }));
const AlertRow = z.object({
  ruleKey: z.string(),
  series: z.string(),
  alertId: z.string(),
  resourceId: z.string(),
  /** Of every criterion, in the rule's order. */
  dimensions: z.string().transform((text) => z.array(Dimensions).parse(JSON.parse(text))),
  firedAt: z.number(),
  healthy: z.number(),
});

/** An alert that has fired and is not resolved. */
export type ActiveAlert = z.infer<typeof AlertRow>;

/** Alerts that are active, by rule and series. */
export class AlertStore {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec(`CREATE TABLE IF NOT EXISTS activeAlerts (
      ruleKey TEXT NOT NULL, series TEXT NOT NULL, alertId TEXT NOT NULL, resourceId TEXT NOT NULL,
      dimensions TEXT NOT NULL, firedAt INTEGER NOT NULL, healthy INTEGER NOT NULL,
      PRIMARY KEY (ruleKey, series)) STRICT`);
  }

  active(ruleId: string): ActiveAlert[] {
    const rows = this.#db.prepare("SELECT * FROM activeAlerts WHERE ruleKey = ?").all(ruleId.toLowerCase());
    return rows.map((row) => AlertRow.parse(row));
  }

  fire(ruleId: string, alert: Omit<ActiveAlert, "ruleKey" | "healthy">): void {
    const { series, alertId, resourceId, dimensions, firedAt } = alert;
    this.#db
      .prepare("INSERT OR REPLACE INTO activeAlerts VALUES (?, ?, ?, ?, ?, ?, 0)")
      .run(ruleId.toLowerCase(), series, alertId, resourceId, JSON.stringify(dimensions), firedAt);
  }

  /** @param healthy - evaluations in a row that did not meet the condition */
  setHealthy({ ruleKey, series }: ActiveAlert, healthy: number): void {
    this.#db
      .prepare("UPDATE activeAlerts SET healthy = ? WHERE ruleKey = ? AND series = ?")
      .run(healthy, ruleKey, series);
  }

  end({ ruleKey, series }: ActiveAlert): void {
    this.#db.prepare("DELETE FROM activeAlerts WHERE ruleKey = ? AND series = ?").run(ruleKey, series);
  }

  forget(ruleId: string): void {
    this.#db.prepare("DELETE FROM activeAlerts WHERE ruleKey = ?").run(ruleId.toLowerCase());
  }
}
