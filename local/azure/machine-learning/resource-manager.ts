import type { Service, ServiceAnswer, ServiceRequest } from "../service.ts";
import { type Context, workspaceId } from "./context.ts";
import type { Operations } from "./operations.ts";
import { page } from "./paging.ts";
import { armAnswer, Refusal } from "./refusal.ts";
import { PROVIDER } from "./resource.ts";
import type { Call, Router } from "./router.ts";
import type { Runs } from "./runs.ts";
import { renderCompute, renderWorkspace } from "./workspaces.ts";

const API_VERSION = /^\d{4}-\d{2}-\d{2}(-preview)?$/;
const OLDEST_API_VERSION = "2022-10-01";

export interface ResourceManagerParts {
  readonly router: Router;
  readonly operations: Operations;
  readonly runs: Runs;
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
    const { router } = parts;
    router
      .on("GET", "", (call) => ({
        status: 200,
        body: renderWorkspace(context, call.workspaceName, call.request),
      }))
      .on("GET", "computes", (call) =>
        page(
          call,
          context.computes.map((name) => this.#compute(call, name)),
        ),
      )
      .on("GET", "computes/*", (call, name: string) => this.#getCompute(call, name));
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
    if (!isOurs(segments)) return undefined;
    try {
      this.#admit(request);
      return await this.#answer(request, segments);
    } catch (error) {
      if (error instanceof Refusal) return armAnswer(error);
      throw error;
    }
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
    if (scope?.toLowerCase() === "providers") return this.#inSubscription(request, rest.slice(1));
    const [group = "", , , , workspace, ...path] = rest;
    if (group.toLowerCase() !== resourceGroup.toLowerCase()) {
      throw new Refusal(404, "ResourceGroupNotFound", `Resource group '${group}' could not be found.`);
    }
    if (workspace === undefined) return this.#listWorkspaces(request);
    const call = this.#call(request, workspace);
    if (!call) {
      throw new Refusal(
        404,
        "ResourceNotFound",
        `The Resource '${PROVIDER}/workspaces/${workspace}' under resource group '${group}' was not found.`,
      );
    }
    return this.#parts.router.route(call, path);
  }

  /** `{workspaces}` or `locations/{region}/{mfeOperationsStatus|mfeOperationResults}/{id}`. */
  #inSubscription(request: ServiceRequest, rest: readonly string[]): ServiceAnswer {
    const [kind, , what, id] = rest;
    if (request.method === "GET" && kind?.toLowerCase() === "workspaces" && rest.length === 1) {
      return this.#listWorkspaces(request);
    }
    if (
      request.method === "GET" &&
      kind?.toLowerCase() === "locations" &&
      id !== undefined &&
      rest.length === 4
    ) {
      if (what?.toLowerCase() === "mfeoperationsstatus") return this.#parts.operations.status(request, id);
      if (what?.toLowerCase() === "mfeoperationresults") return this.#parts.operations.result(request, id);
    }
    throw new Refusal(
      404,
      "ResourceNotFound",
      `'${rest.join("/")}' is nothing that this provider answers for.`,
    );
  }

  #call(request: ServiceRequest, workspace: string): Call | undefined {
    const name = this.#context.workspaces.find((known) => known.toLowerCase() === workspace.toLowerCase());
    if (name === undefined) return undefined;
    return {
      request,
      workspace: workspaceId(this.#context, name),
      workspaceName: name,
      apiVersion: request.query.get("api-version") ?? "",
    };
  }

  #listWorkspaces(request: ServiceRequest): ServiceAnswer {
    const value = this.#context.workspaces.map((name) => renderWorkspace(this.#context, name, request));
    return { status: 200, body: { value } };
  }

  #getCompute(call: Call, name: string): ServiceAnswer {
    const known = this.#context.computes.find((compute) => compute.toLowerCase() === name.toLowerCase());
    if (known === undefined) {
      throw new Refusal(404, "ResourceNotFound", `Compute '${name}' does not exist in this workspace.`);
    }
    return { status: 200, body: this.#compute(call, known) };
  }

  #compute(call: Call, name: string): object {
    const isHere = (computeId: unknown) =>
      typeof computeId === "string" && computeId.toLowerCase().endsWith(`/${name.toLowerCase()}`);
    const running = this.#parts.runs
      .all()
      .filter(
        ({ resource }) => resource.properties.status === "Running" && isHere(resource.properties.computeId),
      );
    return renderCompute(this.#context, call.workspace, name, running.length);
  }
}

/** Below the provider of Azure ML, and not of another provider's extension to one of its resources. */
function isOurs(segments: readonly string[]): boolean {
  const lower = segments.map((segment) => segment.toLowerCase());
  const first = lower.indexOf("providers");
  return (
    lower[0] === "subscriptions" &&
    lower[first + 1] === PROVIDER.toLowerCase() &&
    lower[first + 2] !== "registries" &&
    lower.indexOf("providers", first + 1) < 0
  );
}
