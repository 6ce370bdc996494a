import { randomUUID } from "node:crypto";
import type { Clock } from "../../../clock.ts";
import type { Notify } from "../action-groups/index.ts";
import { findResource, type MeteredResource } from "../catalogue.ts";
import type { SeriesOf } from "../metric-source.ts";
import type { RequestStore } from "../store.ts";
import type { Timespan } from "../timespan.ts";
import type { ActiveAlert, AlertStore } from "./alert-store.ts";
import { evaluate, type Finding } from "./evaluate.ts";
import { toNotice } from "./payload.ts";
import { frequencyMs, type Rule, windowMs } from "./rule.ts";

const MINUTE_MS = 60_000;
/** An alert is over once its condition was not met this often in a row. */
const HEALTHY_TO_RESOLVE = 3;

export interface EvaluatorOptions {
  readonly rules: () => readonly Rule[];
  readonly alerts: AlertStore;
  readonly store: RequestStore;
  readonly seriesOf: SeriesOf;
  readonly notify: Notify;
  readonly clock: Clock;
  /** In one durable transaction: an alert's state and its calls. */
  readonly transaction: (work: () => void) => void;
  readonly log: (level: "info" | "error", message: string) => void;
}

/** Evaluates every metric alert rule at its frequency, on whole minutes of the clock. */
export class Evaluator {
  readonly #options: EvaluatorOptions;
  #cancelTimer = () => {};

  constructor(options: EvaluatorOptions) {
    this.#options = options;
    this.#wait();
  }

  stop(): void {
    this.#cancelTimer();
  }

  #wait(): void {
    const { clock } = this.#options;
    const now = clock.now();
    const next = (Math.floor(now / MINUTE_MS) + 1) * MINUTE_MS;
    this.#cancelTimer = clock.after(next - now, () => {
      this.#work(Math.floor(clock.now() / MINUTE_MS) * MINUTE_MS);
      this.#wait();
    });
  }

  #work(at: number): void {
    const { rules, log, transaction } = this.#options;
    for (const rule of rules()) {
      if (!rule.properties.enabled || at % frequencyMs(rule.properties) !== 0) continue;
      try {
        transaction(() => this.#evaluate(rule, at));
      } catch (error) {
        log("error", `The alert rule ${rule.name} could not be evaluated: ${String(error)}`);
      }
    }
  }

  #evaluate(rule: Rule, at: number): void {
    const { alerts, seriesOf } = this.#options;
    const window = { start: at - windowMs(rule.properties), end: at };
    const active = new Map(alerts.active(rule.id).map((alert) => [alert.series, alert]));
    for (const resource of this.#targets(rule)) {
      for (const finding of evaluate(rule, resource, window, seriesOf)) {
        const series = keyOf(finding);
        const alert = active.get(series);
        active.delete(series);
        if (finding.isMet) this.#met(rule, finding, window, alert);
        else if (alert) this.#notMet(rule, finding, window, alert);
      }
    }
    // Their series had no data at all: that meets no condition either.
    for (const alert of active.values()) {
      const resource = findResource(alert.resourceId.split("/").filter(Boolean));
      if (!resource) continue;
      const readings = rule.properties.criteria.allOf.map((criterion, index) => ({
        criterion,
        dimensions: alert.dimensions[index] ?? [],
        value: undefined,
      }));
      this.#notMet(rule, { resource, readings, isMet: false }, window, alert);
    }
  }

  #met(rule: Rule, finding: Finding, window: Timespan, alert: ActiveAlert | undefined): void {
    const { alerts } = this.#options;
    const isStateful = rule.properties.autoMitigate !== false;
    if (alert && isStateful) {
      if (alert.healthy > 0) alerts.setHealthy(alert, 0);
      return;
    }
    const [, , subscription] = rule.id.split("/");
    const fired = {
      series: keyOf(finding),
      alertId: `/subscriptions/${subscription}/providers/Microsoft.AlertsManagement/alerts/${randomUUID()}`,
      resourceId: finding.resource.id,
      dimensions: finding.readings.map(({ dimensions }) => [...dimensions]),
      firedAt: this.#options.clock.now(),
    };
    // A stateless rule's alerts are never resolved: each is a new one.
    if (isStateful) alerts.fire(rule.id, fired);
    this.#send(rule, finding, window, fired);
  }

  #notMet(rule: Rule, finding: Finding, window: Timespan, alert: ActiveAlert): void {
    const { alerts, clock } = this.#options;
    const healthy = alert.healthy + 1;
    if (healthy < HEALTHY_TO_RESOLVE) {
      alerts.setHealthy(alert, healthy);
      return;
    }
    alerts.end(alert);
    this.#send(rule, finding, window, alert, clock.now());
  }

  #send(
    rule: Rule,
    { resource, readings }: Finding,
    window: Timespan,
    { alertId, firedAt }: Pick<ActiveAlert, "alertId" | "firedAt">,
    resolvedAt: number | null = null,
  ): void {
    for (const { actionGroupId, webHookProperties } of rule.properties.actions ?? []) {
      const instance = { rule, resource, alertId, firedAt, resolvedAt, window, readings };
      this.#options.notify(
        actionGroupId,
        toNotice({ ...instance, webHookProperties: webHookProperties ?? {} }),
      );
    }
  }

  /** A scope is a resource, or a group or subscription: then whatever of the type has had requests in it. */
  #targets({ properties }: Rule): MeteredResource[] {
    const { scopes, targetResourceType } = properties;
    const wanted = targetResourceType?.toLowerCase();
    const found = scopes.flatMap((scope) => {
      const resource = findResource(scope.split("/").filter(Boolean));
      return resource ? [resource] : this.#within(scope, wanted ?? "");
    });
    return [...new Map(found.map((resource) => [resource.id.toLowerCase(), resource])).values()];
  }

  #within(scope: string, type: string): MeteredResource[] {
    const prefix = `${scope.replace(/\/+$/, "")}/`.toLowerCase();
    const isDeployments = type.endsWith("/deployments");
    return this.#options.store
      .served()
      .filter(({ endpointId }) => endpointId.toLowerCase().startsWith(prefix))
      .map(({ endpointId, deployment }) =>
        isDeployments ? `${endpointId}/deployments/${deployment}` : endpointId,
      )
      .flatMap((id) => findResource(id.split("/").filter(Boolean)) ?? []);
  }
}

function keyOf({ resource, readings }: Finding): string {
  return JSON.stringify([resource.id.toLowerCase(), readings.map(({ dimensions }) => dimensions)]);
}
