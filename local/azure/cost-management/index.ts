/** Cost Management: budgets and usage details, over what deployments and jobs really ran; `POST /_budgets` looks at them. */
import { createHash } from "node:crypto";
import path from "node:path";
import { type Clock, systemClock } from "../../clock.ts";
import { armError } from "../front/arm-error.ts";
import { methodNotAllowed, notFound, readArmBody, refusedByGateway } from "../front/arm-request.ts";
import { ArmResources, type KeptResource } from "../front/arm-resources.ts";
import type { Notify } from "../monitor/index.ts";
import type { Service, ServiceAnswer, ServiceRequest, UsageIn } from "../service.ts";
import { openSqliteFile } from "../sqlite-file.ts";
import { type Budget, BudgetBody, periodAt, refuseBudget } from "./budget.ts";
import { BudgetEvaluator, type BudgetMail } from "./evaluator.ts";
import { CURRENCY } from "./prices.ts";
import { listUsageDetails } from "./usage-details.ts";

export interface CostManagementOptions {
  /** Folder of its SQLite file. */
  readonly data: string;
  readonly location: string;
  readonly usage: UsageIn;
  /** Calls an action group. */
  readonly notify: Notify;
  readonly hasActionGroup: (id: string) => boolean;
  readonly mail: (mail: BudgetMail) => void;
  readonly authenticate: (headers: Readonly<Record<string, string>>) => boolean;
  readonly clock?: Clock;
  /** How often budgets are looked at, in ms. */
  readonly everyMs?: number;
}

const TYPE = "Microsoft.Consumption/budgets";
const PROVIDER = "microsoft.consumption";
/** Azure looks at budgets once a day, and at costs that are up to a day old; here they are of the moment. */
const EVERY_MS = 86_400_000;
/** Where a demonstration, which has no day to wait, has budgets looked at. */
const LOOK_PATH = "/_budgets";
const NAME = /^[a-zA-Z0-9_-]{1,63}$/;

export function createCostManagement(options: CostManagementOptions): Service {
  const { data, clock = systemClock, authenticate, hasActionGroup } = options;
  const db = openSqliteFile(path.join(data, "cost-management.sqlite"));
  const resources = new ArmResources(db);
  const budgets = () => resources.list(TYPE).flatMap(toBudget);
  const everyMs = options.everyMs ?? EVERY_MS;
  const evaluator = new BudgetEvaluator({ ...options, db, budgets, clock, everyMs });

  async function handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    if (request.path === LOOK_PATH) {
      if (request.method !== "POST") return methodNotAllowed(request.method);
      return { status: 200, body: { budgets: evaluator.lookNow() } };
    }
    const at = request.segments.findIndex((segment) => segment.toLowerCase() === PROVIDER);
    if (at < 1) return undefined;
    const refused = refusedByGateway(request, authenticate);
    if (refused) return refused;
    const scope = scopeOf(request.segments.slice(0, at - 1));
    const [kind, name, ...rest] = request.segments.slice(at + 1);
    const what = kind?.toLowerCase();
    if ((what !== "budgets" && what !== "usagedetails") || rest.length > 0) {
      return armError(404, "NotFound", `'${request.segments.slice(at + 1).join("/")}' is not simulated.`);
    }
    if (scope === undefined) {
      const message = `The scope of '${request.path}' is not simulated, expected a subscription or a resource group.`;
      return armError(400, "BadRequest", message);
    }
    if (what === "budgets" && name !== undefined) return onBudget(request, scope, name);
    if (request.method !== "GET") return methodNotAllowed(request.method);
    if (what === "usagedetails") {
      return listUsageDetails(request, { ...options, scope, now: clock.now() });
    }
    const own = budgets().filter((budget) => budget.scope.toLowerCase() === scope.toLowerCase());
    return { status: 200, body: { value: own.map(render) } };
  }

  function onBudget(request: ServiceRequest, scope: string, name: string): ServiceAnswer {
    const id = `${scope}/providers/${TYPE}/${name}`;
    const kept = resources.get(id);
    const budget = kept && toBudget(kept)[0];
    switch (request.method) {
      case "GET":
        return budget ? { status: 200, body: render(budget) } : notFound(id);
      case "DELETE":
        if (!resources.delete(id)) return notFound(id);
        evaluator.forget(id);
        return { status: 200 };
      case "PUT":
        return put(request, id, name, budget);
      default:
        return methodNotAllowed(request.method);
    }
  }

  function put(
    { body }: ServiceRequest,
    id: string,
    name: string,
    before: Budget | undefined,
  ): ServiceAnswer {
    if (!NAME.test(name)) {
      const message = `The budget name '${name}' is invalid, expected 1 to 63 letters, digits, '_' and '-'.`;
      return armError(400, "BadRequest", message);
    }
    const read = readArmBody(BudgetBody, body);
    if ("refused" in read) return armError(400, "BadRequest", read.refused);
    const { eTag, properties } = read.value;
    if (before && eTag && eTag !== eTagOf(before)) {
      const message = `The eTag '${eTag}' is not that of the budget '${name}': read it again before you change it.`;
      return armError(409, "Conflict", message);
    }
    const refused = refuseBudget(properties, clock.now(), before === undefined);
    if (refused !== undefined) return armError(400, "BadRequest", refused);
    const missing = Object.values(properties.notifications)
      .flatMap(({ contactGroups }) => contactGroups)
      .find((group) => !hasActionGroup(group));
    if (missing !== undefined) {
      return armError(400, "BadRequest", `The action group '${missing}' was not found: create it first.`);
    }
    resources.put(TYPE, id, { properties });
    const [budget] = budgets().filter((one) => one.id === id);
    return { status: before ? 200 : 201, body: budget && render(budget) };
  }

  function render(budget: Budget): Record<string, unknown> {
    const { id, name, properties } = budget;
    const now = clock.now();
    const period = periodAt(properties, now);
    const spend = period ? evaluator.spendOf(budget, period, now) : { spent: 0, forecast: 0 };
    const hasForecast = Object.values(properties.notifications).some(
      ({ thresholdType }) => thresholdType === "Forecasted",
    );
    const amount = (value: number) => ({ amount: Math.round(value * 100) / 100, unit: CURRENCY });
    return {
      id,
      name,
      type: TYPE,
      eTag: eTagOf(budget),
      properties: {
        ...properties,
        currentSpend: amount(spend.spent),
        ...(hasForecast ? { forecastSpend: amount(spend.forecast) } : {}),
      },
    };
  }

  async function stop(): Promise<void> {
    evaluator.stop();
    db.close();
  }

  return { name: "cost-management", handle, stop };
}

/** A subscription or a resource group; Azure's other scopes belong to bills that nobody gets here. */
function scopeOf(segments: readonly string[]): string | undefined {
  const [kind, subscription, groups, group, ...rest] = segments;
  if (kind?.toLowerCase() !== "subscriptions" || !subscription || rest.length > 0) return undefined;
  if (groups === undefined) return `/subscriptions/${subscription}`;
  if (groups.toLowerCase() !== "resourcegroups" || !group) return undefined;
  return `/subscriptions/${subscription}/resourceGroups/${group}`;
}

function toBudget({ id, name, document }: KeptResource): Budget[] {
  const read = BudgetBody.safeParse(document);
  const scope = id.slice(0, id.indexOf(`/providers/${TYPE}`));
  return read.success ? [{ id, name, scope, properties: read.data.properties }] : [];
}

function eTagOf({ id, properties }: Budget): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([id, properties]))
    .digest("hex");
  return `"${digest.slice(0, 16)}"`;
}
