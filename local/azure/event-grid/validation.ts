import type { Clock } from "../../clock.ts";
import type { EventGridStore } from "./store.ts";
import type { Subscription } from "./subscription.ts";
import { shakeHands } from "./webhook.ts";

/** An endpoint that does not answer yet is asked again after this long, times the retry scale. */
const ASK_AGAIN_AFTER_MS = 5_000;
/** Until then an endpoint may come up, or a person may open the validation URL. */
const GIVE_UP_AFTER_MS = 10 * 60_000;

export interface ValidationOptions {
  readonly store: EventGridStore;
  readonly clock: Clock;
  readonly retryScale: number;
  readonly onSucceeded: () => void;
  readonly log: (level: "info" | "error", message: string) => void;
}

/** Takes subscriptions through the handshake, from `Creating` or `Updating` to `Succeeded` or `Failed`. */
export class Validation {
  readonly #options: ValidationOptions;
  readonly #stop = new AbortController();
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: ValidationOptions) {
    this.#options = options;
  }

  begin(subscription: Subscription): void {
    this.#ask(subscription, this.#options.clock.now() + GIVE_UP_AFTER_MS);
  }

  /** A person opened the validation URL. */
  confirm(resourceId: string, code: string): boolean {
    const subscription = this.#options.store.subscription(resourceId);
    if (!subscription || subscription.validationCode !== code) return false;
    if (subscription.state !== "Succeeded") this.#succeed(subscription);
    return true;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#underWay);
  }

  #ask(subscription: Subscription, until: number): void {
    const asked = this.#askOnce(subscription, until).finally(() => this.#underWay.delete(asked));
    this.#underWay.add(asked);
  }

  async #askOnce(subscription: Subscription, until: number): Promise<void> {
    const { store, clock, retryScale, log } = this.#options;
    const answer = await shakeHands(subscription, clock, this.#stop.signal);
    if (this.#stop.signal.aborted || !this.#isWaiting(subscription)) return;
    if (answer === "confirmed") return this.#succeed(subscription);
    if (answer === "by-hand") {
      store.setState(subscription.id, "AwaitingManualAction");
      clock.after(until - clock.now(), () => this.#giveUp(subscription));
      return;
    }
    if (answer === "unsupported") {
      log("error", `${subscription.name}: the endpoint answers OPTIONS with 405: it takes no CloudEvents`);
      return this.#giveUp(subscription);
    }
    const waitMs = ASK_AGAIN_AFTER_MS * retryScale;
    if (clock.now() + waitMs > until) {
      log("error", `${subscription.name}: webhook validation failed: ${answer.refused}`);
      return this.#giveUp(subscription);
    }
    clock.after(waitMs, () => {
      if (this.#isWaiting(subscription)) this.#ask(subscription, until);
    });
  }

  /** Not deleted, not changed by a later PUT, not decided yet, and not stopped. */
  #isWaiting({ id, validationCode }: Subscription): boolean {
    if (this.#stop.signal.aborted) return false;
    const current = this.#options.store.subscriptionById(id);
    return (
      current?.validationCode === validationCode &&
      current.state !== "Succeeded" &&
      current.state !== "Failed"
    );
  }

  #succeed({ id }: Subscription): void {
    this.#options.store.setState(id, "Succeeded");
    this.#options.store.probation.end(id);
    this.#options.onSucceeded();
  }

  #giveUp(subscription: Subscription): void {
    if (this.#isWaiting(subscription)) this.#options.store.setState(subscription.id, "Failed");
  }
}
