import { BrokerConfigError, Rule, type RuleConfig } from "./config.ts";
import { compileRule, type Filter, type FilterView } from "./rules.ts";
import { SqlSyntaxError } from "./sql-tokens.ts";
import type { AfterCommit, Store } from "./store.ts";

/** What a subscription has that is made without rules: it lets everything through. */
const DEFAULT: RuleConfig = { name: "$Default", properties: { FilterType: "True" } };

/**
 * The rules of one subscription. It begins with those of the configuration; what clients change is kept, until the
 * configuration itself says something else.
 */
export class SubscriptionRules {
  readonly #path: string;
  readonly #store: Store;
  readonly #configured: string;
  /** By name in lower case. */
  readonly #rules = new Map<string, { readonly rule: RuleConfig; readonly matches: Filter }>();

  /** @throws {BrokerConfigError} when a rule of the configuration cannot be evaluated here */
  constructor(path: string, configured: readonly RuleConfig[], store: Store) {
    this.#path = path;
    this.#store = store;
    this.#configured = JSON.stringify(configured);
    try {
      for (const rule of configured.length > 0 ? configured : [DEFAULT]) {
        if (this.has(rule.name)) {
          throw new BrokerConfigError(`'${path}' has two rules '${rule.name}', expected each name once.`);
        }
        this.#put(rule);
      }
    } catch (error) {
      if (!(error instanceof SqlSyntaxError)) throw error;
      throw new BrokerConfigError(`A rule of '${path}' cannot be used. ${error.message}`, error.details, {
        cause: error,
      });
    }
    const kept = store.rulesOf(path);
    if (kept?.configured !== this.#configured) return;
    this.#rules.clear();
    for (const rule of Rule.array().parse(JSON.parse(kept.rules))) this.#put(rule);
  }

  /** A message goes to a subscription when any of its rules lets it through; without rules none does. */
  matches(view: FilterView): boolean {
    return this.#rules.values().some((each) => each.matches(view));
  }

  list(): RuleConfig[] {
    return [...this.#rules.values()].map((each) => each.rule);
  }

  has(name: string): boolean {
    return this.#rules.has(name.toLowerCase());
  }

  /** @throws {SqlSyntaxError} when it cannot be evaluated here; nothing is changed then */
  add(rule: RuleConfig): void {
    this.#put(rule);
    this.#keep();
  }

  remove(name: string): void {
    this.#rules.delete(name.toLowerCase());
    this.#keep();
  }

  /** Runs `task` once the changes so far are on disk. */
  afterCommit(task: AfterCommit): void {
    this.#store.afterCommit(task);
  }

  #put(rule: RuleConfig): void {
    this.#rules.set(rule.name.toLowerCase(), { rule, matches: compileRule(rule) });
  }

  #keep(): void {
    this.#store.setRules(this.#path, { configured: this.#configured, rules: JSON.stringify(this.list()) });
  }
}
