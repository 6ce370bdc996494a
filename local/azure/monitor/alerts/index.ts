import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../../clock.ts";
import { armError } from "../../front/arm-error.ts";
import { methodNotAllowed, notFound, readArmBody, refusedByGateway } from "../../front/arm-request.ts";
import type { ArmResources, KeptResource } from "../../front/arm-resources.ts";
import type { ServiceAnswer, ServiceRequest } from "../../service.ts";
import type { ActionGroups } from "../action-groups/index.ts";
import type { SeriesOf } from "../metric-source.ts";
import { readResourceRoute } from "../resource-route.ts";
import type { RequestStore } from "../store.ts";
import { AlertStore } from "./alert-store.ts";
import { Evaluator } from "./evaluator.ts";
import { type Rule, RuleBody, RulePatch, refuseRule } from "./rule.ts";

export interface MetricAlertsOptions {
  readonly db: DatabaseSync;
  readonly resources: ArmResources;
  readonly store: RequestStore;
  readonly seriesOf: SeriesOf;
  readonly groups: Pick<ActionGroups, "notify" | "exists">;
  readonly clock: Clock;
  readonly transaction: (work: () => void) => void;
  readonly authenticate: (headers: Readonly<Record<string, string>>) => boolean;
  readonly log: (level: "info" | "error", message: string) => void;
}

const TYPE = "Microsoft.Insights/metricAlerts";

/** Metric alert rules: `Microsoft.Insights/metricAlerts`, evaluated as long as this runs. */
export function createMetricAlerts(options: MetricAlertsOptions) {
  const { db, resources, groups, clock, authenticate } = options;
  const alerts = new AlertStore(db);
  const rules = () => resources.list(TYPE).flatMap(toRule);
  const evaluator = new Evaluator({ ...options, rules, alerts, notify: groups.notify });

  function handle(request: ServiceRequest): ServiceAnswer | undefined {
    const route = readResourceRoute(request.segments, TYPE.toLowerCase());
    if (!route) return undefined;
    const refused = refusedByGateway(request, authenticate);
    if (refused) return refused;
    if (route.kind === "list") {
      if (request.method !== "GET") return methodNotAllowed(request.method);
      return { status: 200, body: { value: resources.list(TYPE, route.prefix).map(render) } };
    }
    return route.rest.length > 0 ? onStatus(request, route.id, route.rest) : onRule(request, route.id);
  }

  function onRule(request: ServiceRequest, id: string): ServiceAnswer {
    const kept = resources.get(id);
    switch (request.method) {
      case "GET":
        return kept ? { status: 200, body: render(kept) } : notFound(id);
      case "DELETE":
        alerts.forget(id);
        return { status: resources.delete(id) ? 200 : 204 };
      case "PUT": {
        const read = readArmBody(RuleBody, request.body);
        return "refused" in read ? armError(400, "BadRequest", read.refused) : keep(id, read.value);
      }
      case "PATCH":
        return kept ? patch(request, kept) : notFound(id);
      default:
        return methodNotAllowed(request.method);
    }
  }

  function patch({ body }: ServiceRequest, { id, document }: KeptResource): ServiceAnswer {
    const read = readArmBody(RulePatch, body);
    if ("refused" in read) return armError(400, "BadRequest", read.refused);
    const before = RuleBody.parse(document);
    const given = Object.entries(read.value.properties ?? {}).filter(([, value]) => value !== undefined);
    const properties = { ...before.properties, ...Object.fromEntries(given) };
    return keep(id, { ...before, tags: read.value.tags ?? before.tags, properties });
  }

  /** A rule is answered 200 whether it is new or not. */
  function keep(
    id: string,
    { location, tags, properties }: ReturnType<typeof RuleBody.parse>,
  ): ServiceAnswer {
    const refused = refuseRule(properties);
    if (refused !== undefined) return armError(400, "BadRequest", refused);
    const missing = (properties.actions ?? []).find(({ actionGroupId }) => !groups.exists(actionGroupId));
    if (missing) {
      const message = `The action group '${missing.actionGroupId}' was not found: create it before the rule.`;
      return armError(400, "BadRequest", message);
    }
    const lastUpdatedTime = new Date(clock.now()).toISOString();
    const autoMitigate = properties.autoMitigate ?? true;
    resources.put(TYPE, id, {
      location,
      tags: tags ?? {},
      properties: { ...properties, autoMitigate, lastUpdatedTime, isMigrated: false },
    });
    const kept = resources.get(id);
    return { status: 200, body: kept && render(kept) };
  }

  /** `{rule}/status` and `{rule}/status/{name}`: the series that have an alert, else one that is healthy. */
  function onStatus(request: ServiceRequest, id: string, rest: readonly string[]): ServiceAnswer {
    const [action, name] = rest;
    if (action !== "status" || rest.length > 2) {
      return armError(404, "NotFound", `'${rest.join("/")}' of a metric alert rule is not simulated.`);
    }
    if (request.method !== "GET") return methodNotAllowed(request.method);
    if (!resources.get(id)) return notFound(id);
    const timestamp = new Date(clock.now()).toISOString();
    const unhealthy = alerts.active(id).map(({ alertId, dimensions }) => ({
      name: alertId.split("/").at(-1) ?? "",
      dimensions: Object.fromEntries(dimensions.flat().map((one) => [one.name, one.value])),
      status: "Unhealthy",
    }));
    const healthy = { name: "healthy", dimensions: {}, status: "Healthy" };
    const value = (unhealthy.length > 0 ? unhealthy : [healthy])
      .filter((one) => name === undefined || one.name.toLowerCase() === name)
      .map(({ name: statusName, ...properties }) => ({
        id: `${id}/status/${statusName}`,
        name: statusName,
        type: `${TYPE}/status`,
        properties: { ...properties, timestamp },
      }));
    return { status: 200, body: { value } };
  }

  return { handle, stop: () => evaluator.stop() };
}

function toRule({ id, name, document }: KeptResource): Rule[] {
  const read = RuleBody.safeParse(document);
  return read.success ? [{ id, name, properties: read.data.properties }] : [];
}

function render({ id, name, document }: KeptResource): Record<string, unknown> {
  return { id, name, type: TYPE, ...document };
}
