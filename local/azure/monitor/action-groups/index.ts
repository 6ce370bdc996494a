import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../../clock.ts";
import { armError } from "../../front/arm-error.ts";
import { methodNotAllowed, notFound, readArmBody, refusedByGateway } from "../../front/arm-request.ts";
import type { ArmResources } from "../../front/arm-resources.ts";
import type { ServiceAnswer, ServiceRequest } from "../../service.ts";
import { readResourceRoute } from "../resource-route.ts";
import { Caller } from "./caller.ts";
import { Calls } from "./calls.ts";
import { type Group, GroupBody, GroupPatch, receiversOf, repeatedReceiver } from "./group.ts";

export interface ActionGroupsOptions {
  readonly db: DatabaseSync;
  readonly resources: ArmResources;
  readonly clock: Clock;
  readonly retryScale: number;
  readonly authenticate: (headers: Readonly<Record<string, string>>) => boolean;
  readonly log: (level: "info" | "error", message: string) => void;
}

/** What an alert says, in the schemas that a receiver may choose. */
export interface Notice {
  readonly common: Record<string, unknown>;
  readonly legacy: Record<string, unknown>;
}

/** Keeps the notice for every receiver of the group; once this returns, it survives kill -9. */
export type Notify = (groupId: string, notice: Notice) => void;

const TYPE = "Microsoft.Insights/actionGroups";

/** Action groups: `Microsoft.Insights/actionGroups`, and the calls to their receivers. */
export function createActionGroups(options: ActionGroupsOptions) {
  const { db, resources, clock, retryScale, authenticate, log } = options;
  const calls = new Calls(db);
  const caller = new Caller({ calls, clock, retryScale, log });

  const notify: Notify = (groupId, { common, legacy }) => {
    const group = groupOf(groupId);
    if (!group) return log("error", `The action group ${groupId} is gone: its alert reaches nobody.`);
    if (!group.enabled) return log("info", `The action group ${groupId} is disabled: its alert is not sent.`);
    for (const { url, isCommonSchema } of receiversOf(group)) {
      calls.add(url, JSON.stringify(isCommonSchema ? common : legacy), clock.now());
    }
    caller.wake();
  };

  function groupOf(id: string): Group | undefined {
    const kept = resources.get(id);
    const read = kept && GroupBody.safeParse(kept.document);
    return read?.data?.properties;
  }

  function handle(request: ServiceRequest): ServiceAnswer | undefined {
    const route = readResourceRoute(request.segments, TYPE.toLowerCase());
    if (!route) return undefined;
    const refused = refusedByGateway(request, authenticate);
    if (refused) return refused;
    if (route.kind === "list") {
      if (request.method !== "GET") return methodNotAllowed(request.method);
      return { status: 200, body: { value: resources.list(TYPE, route.prefix).map(render) } };
    }
    const { id, rest } = route;
    if (rest.length > 0) {
      return armError(404, "NotFound", `'${rest.join("/")}' of an action group is not simulated.`);
    }
    return onGroup(request, id);
  }

  function onGroup(request: ServiceRequest, id: string): ServiceAnswer {
    const kept = resources.get(id);
    switch (request.method) {
      case "GET":
        return kept ? { status: 200, body: render(kept) } : notFound(id);
      case "DELETE":
        return { status: resources.delete(id) ? 200 : 204 };
      case "PUT":
        return put(request, id, kept !== undefined);
      case "PATCH":
        return kept ? patch(request, id, kept.document) : notFound(id);
      default:
        return methodNotAllowed(request.method);
    }
  }

  function put({ body }: ServiceRequest, id: string, existed: boolean): ServiceAnswer {
    const read = readArmBody(GroupBody, body);
    if ("refused" in read) return armError(400, "BadRequest", read.refused);
    const repeated = repeatedReceiver(read.value.properties);
    if (repeated !== undefined) {
      return armError(400, "BadRequest", `Two receivers are named '${repeated}', expected each name once.`);
    }
    const { location, tags, properties } = read.value;
    resources.put(TYPE, id, { location, tags: tags ?? {}, properties });
    const kept = resources.get(id);
    return { status: existed ? 200 : 201, body: kept && render(kept) };
  }

  function patch({ body }: ServiceRequest, id: string, document: Record<string, unknown>): ServiceAnswer {
    const read = readArmBody(GroupPatch, body);
    if ("refused" in read) return armError(400, "BadRequest", read.refused);
    const { tags, properties } = read.value;
    const before = GroupBody.parse(document);
    const enabled = properties?.enabled ?? before.properties.enabled;
    const after = { ...before, tags: tags ?? before.tags, properties: { ...before.properties, enabled } };
    resources.put(TYPE, id, after);
    const kept = resources.get(id);
    return { status: 200, body: kept && render(kept) };
  }

  caller.wake();
  return {
    handle,
    notify,
    exists: (id: string) => groupOf(id) !== undefined,
    stats: () => calls.counts(),
    stop: () => caller.stop(),
  };
}
export type ActionGroups = ReturnType<typeof createActionGroups>;

function render({ id, name, document }: { id: string; name: string; document: Record<string, unknown> }) {
  return { id, name, type: TYPE, ...document };
}
