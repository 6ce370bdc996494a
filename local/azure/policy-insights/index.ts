import path from "node:path";
import type { Clock } from "../../clock.ts";
import { armError } from "../front/arm-error.ts";
import { type Authenticate, methodNotAllowed, readArmBody, refusedByGateway } from "../front/arm-request.ts";
import type { RaiseEvent, Service, ServiceAnswer, ServiceRequest } from "../service.ts";
import { readFilter, toRecord } from "./query.ts";
import { type Kept, PolicyState, PolicyStateStore } from "./store.ts";

export interface PolicyInsightsOptions {
  /** Folder of its SQLite file. */
  readonly data: string;
  readonly clock: Clock;
  readonly location: string;
  readonly authenticate: Authenticate;
  readonly raise: RaiseEvent;
}

const PATH = "_policy-states";
const MOST_RECORDS = 1_000;
const QUERY = /^(.*)\/providers\/microsoft\.policyinsights\/policystates\/([^/]+)\/([^/]+)$/i;

/** Azure Policy's compliance states, and `/_policy-states`, where they are put in; a change raises its event. */
export function createPolicyInsights(options: PolicyInsightsOptions): Service {
  const { data, clock, location, authenticate, raise } = options;
  const store = new PolicyStateStore(path.join(data, "policy-insights.sqlite"));

  async function handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    const [area, id, ...rest] = request.segments;
    if (area === PATH && rest.length === 0) return onStates(request, id);
    const [, scope, resource, action] = QUERY.exec(`/${request.segments.join("/")}`) ?? [];
    if (scope === undefined || resource === undefined || action === undefined) return undefined;
    const refused = refusedByGateway(request, authenticate);
    if (refused) return refused;
    if (action.toLowerCase() !== "queryresults" || resource.toLowerCase() !== "latest") {
      const message = `policyStates/${resource}/${action} is not simulated, only policyStates/latest/queryResults.`;
      return armError(501, "NotImplemented", message);
    }
    if (request.method !== "POST") return methodNotAllowed(request.method);
    return query(request, scope);
  }

  /** All states at or below the scope: a resource, a resource group or a subscription. */
  function query({ query: asked, origin, path: at }: ServiceRequest, scope: string): ServiceAnswer {
    for (const name of ["$orderby", "$select", "$apply", "$expand"]) {
      if (asked.has(name))
        return armError(400, "InvalidRequest", `The query option ${name} is not simulated.`);
    }
    const filter = asked.get("$filter");
    const passes = filter === null ? () => true : readFilter(filter);
    if (typeof passes !== "function")
      return armError(400, "InvalidFilterInQueryString", `$filter: ${passes.refused}.`);
    const top = Number(asked.get("$top") ?? MOST_RECORDS);
    const skip = Number(asked.get("$skiptoken") ?? 0);
    if (!Number.isInteger(top) || top < 1 || !Number.isInteger(skip)) {
      return armError(
        400,
        "InvalidRequest",
        "$top must be a whole number from 1, $skiptoken one that was given.",
      );
    }
    const from = Date.parse(asked.get("$from") ?? "1970-01-01T00:00:00Z");
    const to = Date.parse(asked.get("$to") ?? "9999-12-31T00:00:00Z");
    const records = store
      .all()
      .filter((kept) => isWithin(kept, scope) && from <= Date.parse(kept.at) && Date.parse(kept.at) <= to)
      .map((kept) => toRecord(kept, location))
      .filter(passes);
    // `$top` bounds the whole answer, not a page.
    const page = records.slice(0, top).slice(skip, skip + MOST_RECORDS);
    const isMore = skip + page.length < Math.min(top, records.length);
    const next = new URLSearchParams(asked);
    next.set("$skiptoken", String(skip + page.length));
    return {
      status: 200,
      body: {
        "@odata.context": `${origin}${at.slice(0, at.lastIndexOf("/"))}/$metadata#latest`,
        "@odata.count": page.length,
        "@odata.nextLink": isMore ? `${origin}${at}?${next}` : null,
        value: page.map((record) => ({ "@odata.id": null, "@odata.context": null, ...record })),
      },
    };
  }

  function onStates({ method, headers, body }: ServiceRequest, id: string | undefined): ServiceAnswer {
    if (id !== undefined) return method === "DELETE" ? remove(id) : methodNotAllowed(method);
    if (method === "GET") {
      return { status: 200, body: { value: store.all().map((kept) => ({ id: kept.id, ...kept.state })) } };
    }
    if (method !== "POST") return methodNotAllowed(method);
    if (!/^application\/json\b/i.test(headers["content-type"] ?? "")) {
      return armError(415, "UnsupportedMediaType", "content-type: expected application/json");
    }
    const read = readArmBody(PolicyState, body);
    if ("refused" in read) return armError(400, "InvalidPolicyState", read.refused);
    const before = store.find(read.value);
    const kept = store.put(read.value, new Date(clock.now()).toISOString());
    if (!before) announce("PolicyStateCreated", kept);
    else if (before.state.complianceState !== kept.state.complianceState)
      announce("PolicyStateChanged", kept);
    return { status: before ? 200 : 201, body: { id: kept.id, ...kept.state } };
  }

  function remove(id: string): ServiceAnswer {
    const removed = /^\d{1,15}$/.test(id) ? store.remove(Number(id)) : undefined;
    if (!removed)
      return armError(
        404,
        "PolicyStateNotFound",
        `There is no policy state '${id}': GET /${PATH} lists them.`,
      );
    announce("PolicyStateDeleted", { ...removed, at: new Date(clock.now()).toISOString() });
    return { status: 204 };
  }

  function announce(name: string, { state, at }: Kept): void {
    const [, , subscriptionId = ""] = state.resourceId.split("/");
    raise({
      topic: `/subscriptions/${subscriptionId}`,
      subject: state.resourceId,
      eventType: `Microsoft.PolicyInsights.${name}`,
      data: {
        timestamp: at,
        policyAssignmentId: state.policyAssignmentId,
        policyDefinitionId: state.policyDefinitionId,
        policyDefinitionReferenceId: state.policyDefinitionReferenceId,
        complianceState: state.complianceState,
        subscriptionId,
        complianceReasonCode: state.complianceReasonCode,
      },
      dataVersion: "1",
    });
  }

  return { name: "policy-insights", handle, stop: async () => store.close() };
}

function isWithin({ state }: Kept, scope: string): boolean {
  const [id, within] = [state.resourceId.toLowerCase(), scope.toLowerCase()];
  return id === within || id.startsWith(`${within}/`);
}
