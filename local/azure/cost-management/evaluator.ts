import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../clock.ts";
import type { Notify } from "../monitor/index.ts";
import type { UsageIn } from "../service.ts";
import { costBetween } from "./accrual.ts";
import { type Budget, filterOf, type Notification, type Period, periodAt } from "./budget.ts";
import { amountOf, describe, type ReachedTier, toBudgetNotice } from "./payload.ts";

const DAY_MS = 86_400_000;

/** A mail to the contacts of a budget. `operationId` is the same however often it is sent. */
export interface BudgetMail {
  readonly operationId: string;
  /** ISO 8601. */
  readonly receivedAt: string;
  readonly to: string[];
  readonly subject: string;
  readonly text: string;
}

export interface BudgetEvaluatorOptions {
  readonly db: DatabaseSync;
  readonly budgets: () => readonly Budget[];
  readonly usage: UsageIn;
  readonly notify: Notify;
  readonly mail: (mail: BudgetMail) => void;
  readonly clock: Clock;
  /** How often budgets are looked at, in ms; Azure does it every 24 hours. */
  readonly everyMs: number;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS notified (
    budget TEXT NOT NULL, tier TEXT NOT NULL, periodStart INTEGER NOT NULL,
    PRIMARY KEY (budget, tier, periodStart)) STRICT;
  CREATE TABLE IF NOT EXISTS evaluations (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL) STRICT;
`;

/** Looks at every budget at whole multiples of its interval, and once after a pause that skipped one. */
export class BudgetEvaluator {
  readonly #options: BudgetEvaluatorOptions;
  #cancelTimer = () => {};

  constructor(options: BudgetEvaluatorOptions) {
    this.#options = options;
    options.db.exec(SCHEMA);
    const { clock, everyMs } = options;
    const due = Math.floor(clock.now() / everyMs) * everyMs;
    const last = this.#lastAt();
    if (last === undefined) this.#keepLastAt(due);
    else if (last < due) this.#work(due);
    this.#wait();
  }

  stop(): void {
    this.#cancelTimer();
  }

  /** Looks at every budget now, as at the end of a day. @returns how many there are */
  lookNow(): number {
    this.#work(this.#options.clock.now());
    return this.#options.budgets().length;
  }

  forget(budgetId: string): void {
    this.#options.db.prepare("DELETE FROM notified WHERE budget = ?").run(budgetId.toLowerCase());
  }

  /** What a budget's period has cost by `at`, and what it will have cost at its end. */
  spendOf({ scope, properties }: Budget, { start, end }: Period, at: number) {
    const until = Math.min(at, end);
    const isWanted = filterOf(properties);
    const spent = costBetween(this.#options.usage, { scope, isWanted }, start, until);
    return { spent, forecast: forecast(spent, { start, end }, until) };
  }

  #wait(): void {
    const { clock, everyMs } = this.#options;
    const next = (Math.floor(clock.now() / everyMs) + 1) * everyMs;
    this.#cancelTimer = clock.after(next - clock.now(), () => {
      this.#work(Math.floor(clock.now() / everyMs) * everyMs);
      this.#wait();
    });
  }

  /** The last moment before `at` decides the period: at midnight the day that ended is looked at. */
  #work(at: number): void {
    const last = this.#lastAt() ?? at;
    for (const budget of this.#options.budgets()) {
      const periods = [periodAt(budget.properties, last), periodAt(budget.properties, at - 1)];
      const starts = new Map(periods.flatMap((period) => (period ? [[period.start, period] as const] : [])));
      for (const period of starts.values()) this.#evaluate(budget, period, at);
    }
    this.#keepLastAt(at);
  }

  #evaluate(budget: Budget, period: Period, at: number): void {
    const { spent, forecast: total } = this.spendOf(budget, period, at);
    for (const [name, notification] of Object.entries(budget.properties.notifications)) {
      if (!notification.enabled) continue;
      const tier = { budget, notification, firedAt: this.#options.clock.now(), spent, forecast: total };
      if (!isReached(tier) || (notification.thresholdType === "Forecasted" && at >= period.end)) continue;
      this.#tell(tier, name, period);
    }
  }

  /** Told first and noted then: a crash in between tells it twice, and never not at all. */
  #tell(tier: ReachedTier, name: string, period: Period): void {
    const { db, notify, mail } = this.#options;
    const { budget, notification } = tier;
    const key = JSON.stringify([name.toLowerCase(), notification.thresholdType, notification.threshold]);
    const values = [budget.id.toLowerCase(), key, period.start] as const;
    const sql = "SELECT 1 FROM notified WHERE budget = ? AND tier = ? AND periodStart = ?";
    if (db.prepare(sql).get(...values)) return;
    for (const group of notification.contactGroups) notify(group, toBudgetNotice(tier));
    if (notification.contactEmails.length > 0) {
      const subject = `Azure budget alert: ${budget.name} has reached ${notification.threshold}%`;
      const receivedAt = new Date(tier.firedAt).toISOString();
      const to = notification.contactEmails;
      mail({ operationId: JSON.stringify(values), receivedAt, to, subject, text: describe(tier) });
    }
    db.prepare("INSERT INTO notified VALUES (?, ?, ?)").run(...values);
  }

  #lastAt(): number | undefined {
    const row = this.#options.db.prepare("SELECT at FROM evaluations WHERE id = 1").get();
    return row === undefined ? undefined : Number(row.at);
  }

  #keepLastAt(at: number): void {
    this.#options.db.prepare("INSERT OR REPLACE INTO evaluations VALUES (1, ?)").run(at);
  }
}

function isReached(tier: ReachedTier): boolean {
  const amount = cents(tier.notification.thresholdType === "Actual" ? tier.spent : tier.forecast);
  const threshold = cents(amountOf(tier));
  const { operator }: Notification = tier.notification;
  if (operator === "GreaterThan") return amount > threshold;
  return operator === "EqualTo" ? amount === threshold : amount >= threshold;
}

const cents = (amount: number): number => Math.round(amount * 100);

/** As the period went on so far, so to its end. Its first day says too little: until then there is no forecast. */
function forecast(spent: number, { start, end }: Period, at: number): number {
  return at - start < DAY_MS ? spent : (spent / (at - start)) * (end - start);
}
