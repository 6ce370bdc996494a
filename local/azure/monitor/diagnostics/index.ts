import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../../clock.ts";
import { armError } from "../../front/arm-error.ts";
import { methodNotAllowed, notFound, readArmBody, refusedByGateway } from "../../front/arm-request.ts";
import type { ArmResources, KeptResource } from "../../front/arm-resources.ts";
import type { ServiceAnswer, ServiceRequest } from "../../service.ts";
import { findResource, type MeteredResource } from "../catalogue.ts";
import type { LogPlace } from "../logs/traffic-log.ts";
import type { RequestStore } from "../store.ts";
import { availableCategories, categoriesOf, refuseCategories, type Setting, SettingBody } from "./setting.ts";
import { type Publish, Streamer } from "./streamer.ts";

/** The event hubs that there are, and how they are reached. */
export interface EventHubs {
  readonly names: readonly string[];
  readonly publish: Publish;
}

export interface DiagnosticsOptions extends LogPlace {
  readonly db: DatabaseSync;
  readonly resources: ArmResources;
  readonly store: RequestStore;
  readonly clock: Clock;
  readonly eventHubs: EventHubs;
  readonly authenticate: (headers: Readonly<Record<string, string>>) => boolean;
  readonly log: (level: "info" | "error", message: string) => void;
}

const TYPE = "Microsoft.Insights/diagnosticSettings";
const MOST_SETTINGS = 5;

/** `{resource}/providers/Microsoft.Insights/diagnosticSettings`: the traffic log and metrics, streamed to an event hub. */
export function createDiagnostics(options: DiagnosticsOptions) {
  const { resources, authenticate, eventHubs } = options;
  const settings = () => resources.list(TYPE).flatMap(toSetting);
  const streamer = new Streamer({ ...options, settings, publish: eventHubs.publish });

  function handle(request: ServiceRequest): ServiceAnswer | undefined {
    const lower = request.segments.map((segment) => segment.toLowerCase());
    const at = lower.lastIndexOf("microsoft.insights");
    const [kind, ...rest] = lower.slice(at + 1);
    const isCategories = kind === "diagnosticsettingscategories";
    if (at < 1 || (kind !== "diagnosticsettings" && !isCategories) || rest.length > 1) return undefined;
    const refused = refusedByGateway(request, authenticate);
    if (refused) return refused;
    const resource = findResource(request.segments.slice(0, at - 1));
    if (!resource?.endpointId) {
      const message = `Diagnostic settings are simulated for online endpoints and deployments, found '${request.path}'.`;
      return armError(400, "ResourceTypeNotSupported", message);
    }
    const name = request.segments[at + 2];
    if (isCategories) return onCategories(request, resource, name);
    if (name !== undefined) return onSetting(request, resource, name);
    if (request.method !== "GET") return methodNotAllowed(request.method);
    return { status: 200, body: { value: settingsOf(resource).map(render) } };
  }

  function settingsOf(resource: MeteredResource): Setting[] {
    return settings().filter(({ resourceId }) => resourceId.toLowerCase() === resource.id.toLowerCase());
  }

  function onSetting(request: ServiceRequest, resource: MeteredResource, name: string): ServiceAnswer {
    const id = `${resource.id}/providers/${TYPE}/${name}`;
    const kept = resources.get(id);
    const [setting] = kept ? toSetting(kept) : [];
    switch (request.method) {
      case "GET":
        return setting ? { status: 200, body: render(setting) } : notFound(id);
      case "DELETE":
        streamer.forget(id);
        return { status: resources.delete(id) ? 200 : 204 };
      case "PUT":
        return put(request, resource, id);
      default:
        return methodNotAllowed(request.method);
    }
  }

  function put({ body }: ServiceRequest, resource: MeteredResource, id: string): ServiceAnswer {
    const read = readArmBody(SettingBody, body);
    if ("refused" in read) return armError(400, "BadRequest", read.refused);
    const { properties } = read.value;
    const refused = refuseCategories(properties, resource.deployment !== undefined);
    if (refused !== undefined) return armError(400, "BadRequest", refused);
    const hub = properties.eventHubName.toLowerCase();
    if (!eventHubs.names.some((name) => name.toLowerCase() === hub)) {
      const message = `There is no event hub '${properties.eventHubName}', expected one of: ${eventHubs.names.join(", ")}.`;
      return armError(400, "BadRequest", message);
    }
    const others = settingsOf(resource).filter((one) => one.id.toLowerCase() !== id.toLowerCase());
    if (others.length >= MOST_SETTINGS) {
      const message = `The resource has ${others.length} diagnostic settings, expected at most ${MOST_SETTINGS}.`;
      return armError(400, "BadRequest", message);
    }
    const conflict = conflictOf(properties.eventHubName, categoriesOf(properties), others);
    if (conflict) return armError(409, "Conflict", conflict);
    resources.put(TYPE, id, { properties });
    streamer.begin(id);
    return {
      status: 200,
      body: render({ id, name: id.split("/").at(-1) ?? "", resourceId: resource.id, properties }),
    };
  }

  return { handle, stop: () => streamer.stop() };
}

/** One category goes to one hub once: otherwise every record would come twice. */
function conflictOf(
  hub: string,
  categories: readonly string[],
  others: readonly Setting[],
): string | undefined {
  const wanted = categories.map((name) => name.toLowerCase());
  for (const { name, properties } of others) {
    if (properties.eventHubName.toLowerCase() !== hub.toLowerCase()) continue;
    const shared = categoriesOf(properties).find((category) => wanted.includes(category.toLowerCase()));
    if (shared === undefined) continue;
    return (
      `Data sink '${hub}' is already used in diagnostic setting '${name}' for category '${shared}'. ` +
      "Data sinks can't be reused in different settings on the same category for the same resource."
    );
  }
  return undefined;
}

function onCategories(
  request: ServiceRequest,
  { id, deployment }: MeteredResource,
  name?: string,
): ServiceAnswer {
  if (request.method !== "GET") return methodNotAllowed(request.method);
  const type = "Microsoft.Insights/diagnosticSettingsCategories";
  const all = availableCategories(deployment !== undefined).map((one) => ({
    id: `${id}/providers/${type}/${one.name}`,
    type,
    name: one.name,
    properties: { categoryType: one.categoryType },
  }));
  if (name === undefined) return { status: 200, body: { value: all } };
  const found = all.find((one) => one.name.toLowerCase() === name.toLowerCase());
  return found ? { status: 200, body: found } : notFound(`${id}/providers/${type}/${name}`);
}

function toSetting({ id, name, document }: KeptResource): Setting[] {
  const read = SettingBody.safeParse(document);
  const resourceId = id.slice(0, id.indexOf(`/providers/${TYPE}`));
  return read.success ? [{ id, name, resourceId, properties: read.data.properties }] : [];
}

function render({ id, name, properties }: Setting): Record<string, unknown> {
  return { id, name, type: TYPE, properties };
}
