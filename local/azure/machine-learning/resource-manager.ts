import type { Service, ServiceAnswer, ServiceRequest } from "../service.ts";
import { type Context, registryId, workspaceId } from "./context.ts";
import type { Operations } from "./operations.ts";
import { armAnswer, notFound, Refusal } from "./refusal.ts";
import type { Registries } from "./registries.ts";
import { PROVIDER } from "./resource.ts";
import type { Call, Router } from "./router.ts";
import type { Throttle } from "./throttle.ts";
import type { Workspaces } from "./workspaces.ts";

const API_VERSION = /^\d{4}-\d{2}-\d{2}(-preview)?$/;
const OLDEST_API_VERSION = "2022-10-01";

export interface ResourceManagerParts {
  readonly routers: { readonly subscription: Router; readonly workspace: Router; readonly registry: Router };
  readonly workspaces: Workspaces;
  readonly registries: Registries;
  /** Absent: any number of requests is taken. */
  readonly throttle: Throttle | undefined;
  readonly operations: Operations;
  authenticate(headers: Readonly<Record<string, string>>): boolean;
  stop(): Promise<void>;
}

/** The part of Azure Resource Manager that answers for Microsoft.MachineLearningServices. */
export class ResourceManager implements Service {
  readonly name = "Azure Machine Learning";
  readonly #context: Context;
  readonly #parts: ResourceManagerParts;

  constructor(context: Context, parts: ResourceManagerParts) {
    this.#context = context;
    this.#parts = parts;
    parts.routers.subscription
      .on("GET", "workspaces", ({ request }) => ({
        status: 200,
        body: { value: parts.workspaces.list(request.origin) },
      }))
      .on("GET", "registries", (call) => {
        parts.registries.requireVersion(call);
        return parts.registries.list(call);
      })
      .on("GET", "locations/*/*/*", (call, _location: string, what: string, id: string) =>
        this.#operation(call, what, id),
      );
  }

  /** What became of a long-running operation: `{room}OperationsStatus` or `{room}OperationResults`. */
  #operation({ request }: Call, what: string, id: string): ServiceAnswer {
    const found = /^(?:mfe|compute|workspace|registry)Operation(sStatus|Results)$/i.exec(what)?.[1];
    if (found?.toLowerCase() === "sstatus") return this.#parts.operations.status(request, id);
    if (found) return this.#parts.operations.result(request, id);
    throw new Refusal(404, "ResourceNotFound", `'${what}' is nothing that this provider answers for.`);
  }

  stats(): Record<string, number> {
    const none = {
      jobsSubmitted: 0,
      trafficChanges: 0,
      deploymentsCreated: 0,
      deploymentsDeleted: 0,
      modelsRegistered: 0,
    };
    return { ...none, ...this.#context.store.counts() };
  }

  stop(): Promise<void> {
    return this.#parts.stop();
  }

  async handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    const segments = request.segments.filter((segment) => segment !== "");
    const discovered = this.#discover(request, segments);
    if (discovered) return discovered;
    if (!isOurs(segments)) return undefined;
    try {
      this.#admit(request);
      return await this.#answer(request, segments);
    } catch (error) {
      if (error instanceof Refusal) return armAnswer(error);
      throw error;
    }
  }

  /** Where a workspace's other services are, and where a registry is: told to anybody who is signed in and knows its name, outside of Resource Manager. */
  #discover({ headers, origin }: ServiceRequest, segments: readonly string[]): ServiceAnswer | undefined {
    const [room, , , name, what] = segments;
    if (room?.toLowerCase() === "discovery" && segments.length === 1) {
      return { status: 200, body: { api: origin, mlflow: origin } };
    }
    if (room?.toLowerCase() !== "registrymanagement" || what?.toLowerCase() !== "discovery") return undefined;
    if (!this.#parts.authenticate(headers)) return { status: 401 };
    const found = this.#parts.registries.discovery(name ?? "", origin);
    return found ? { status: 200, body: found } : armAnswer(notFound(`There is no registry '${name}'.`));
  }

  #admit(request: ServiceRequest): void {
    if (!this.#parts.authenticate(request.headers)) {
      throw new Refusal(
        401,
        "InvalidAuthenticationToken",
        "The access token is missing, invalid or expired.",
        {
          headers: {
            "www-authenticate": 'Bearer authorization_uri="https://login.microsoftonline.com/common"',
          },
        },
      );
    }
    this.#parts.throttle?.take(request.method);
    const version = request.query.get("api-version");
    if (version === null || version === "") {
      throw new Refusal(
        400,
        "MissingApiVersionParameter",
        "The api-version query parameter (?api-version=) is required for all requests.",
      );
    }
    if (!API_VERSION.test(version) || version < OLDEST_API_VERSION) {
      throw new Refusal(
        400,
        "InvalidApiVersionParameter",
        `The api-version '${version}' is invalid, expected ${OLDEST_API_VERSION} or a newer date.`,
      );
    }
  }

  #answer(request: ServiceRequest, segments: readonly string[]): ServiceAnswer | Promise<ServiceAnswer> {
    const { subscriptionId, resourceGroup } = this.#context;
    const [, subscription = "", scope, ...rest] = segments;
    if (subscription.toLowerCase() !== subscriptionId.toLowerCase()) {
      throw new Refusal(
        404,
        "SubscriptionNotFound",
        `The subscription '${subscription}' could not be found.`,
      );
    }
    if (scope?.toLowerCase() === "providers") {
      return this.#parts.routers.subscription.route(callOf(request, "", ""), rest.slice(1));
    }
    const [group = "", , , kind = "", name, ...path] = rest;
    if (group.toLowerCase() !== resourceGroup.toLowerCase()) {
      throw new Refusal(404, "ResourceGroupNotFound", `Resource group '${group}' could not be found.`);
    }
    if (name === undefined) return this.#parts.routers.subscription.route(callOf(request, "", ""), [kind]);
    if (kind.toLowerCase() === "registries") {
      const call = callOf(request, registryId(this.#context, name), name);
      this.#parts.registries.admit(call, path);
      return this.#parts.routers.registry.route(call, path);
    }
    return this.#inWorkspace(request, name, path);
  }

  #inWorkspace(
    request: ServiceRequest,
    wanted: string,
    path: readonly string[],
  ): ServiceAnswer | Promise<ServiceAnswer> {
    const { routers, workspaces } = this.#parts;
    const name = workspaces.find(wanted);
    const call = callOf(request, workspaceId(this.#context, name ?? wanted), name ?? wanted);
    if (request.method === "PUT" && path.length === 0) return workspaces.put(call);
    if (name !== undefined) return routers.workspace.route(call, path);
    if (request.method === "DELETE" && path.length === 0) return { status: 204 };
    throw new Refusal(
      404,
      "ResourceNotFound",
      `The Resource '${PROVIDER}/workspaces/${wanted}' under resource group '${this.#context.resourceGroup}' was not found.`,
    );
  }
}

function callOf(request: ServiceRequest, workspace: string, workspaceName: string): Call {
  return { request, workspace, workspaceName, apiVersion: request.query.get("api-version") ?? "" };
}

/** Below the provider of Azure ML, and not of another provider's extension to one of its resources. */
function isOurs(segments: readonly string[]): boolean {
  const lower = segments.map((segment) => segment.toLowerCase());
  const first = lower.indexOf("providers");
  return (
    lower[0] === "subscriptions" &&
    lower[first + 1] === PROVIDER.toLowerCase() &&
    lower.indexOf("providers", first + 1) < 0
  );
}
