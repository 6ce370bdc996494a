import type { OnlineDeployment, OnlineEndpoint } from "@azure/arm-machinelearning";
import { OuterloopError } from "../errors.ts";
import type { MachineLearning } from "./machine-learning.ts";
import { hasStatus, withinTimeout } from "./options.ts";

/** Percent of the traffic by deployment: whole numbers, in all 100, or 0 when nothing serves. */
export type TrafficSplit = Readonly<Record<string, number>>;

export interface EndpointState {
  readonly provisioningState: string;
  readonly scoringUri: string;
  readonly traffic: TrafficSplit;
}

export interface NewDeployment {
  readonly endpoint: string;
  readonly deployment: string;
  readonly modelId: string;
  readonly instanceType: string;
  readonly instanceCount: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** The endpoint is gone or was never made: traffic cannot be moved on it. */
export class EndpointMissingError extends OuterloopError {
  override name = "EndpointMissingError";

  constructor(endpoint: string) {
    super(`Endpoint '${endpoint}' does not exist in the workspace, expected one that serves.`, { endpoint });
  }
}

/** Managed online endpoints and their deployments. Nothing here waits: long-running operations are polled by who asked. */
export class OnlineEndpoints {
  readonly #ml: MachineLearning;

  constructor(ml: MachineLearning) {
    this.#ml = ml;
  }

  async get(endpoint: string): Promise<EndpointState | null> {
    const found = await this.#read(endpoint);
    return (
      found && {
        provisioningState: found.properties.provisioningState ?? "Unknown",
        scoringUri: found.properties.scoringUri ?? "",
        traffic: { ...found.properties.traffic },
      }
    );
  }

  /** Safe to repeat: creates the endpoint unless it is there. */
  async ensure(endpoint: string): Promise<void> {
    if (await this.#read(endpoint)) return;
    const { location } = await this.#ml.client.workspaces.get(...this.#ml.at, {
      abortSignal: withinTimeout(),
    });
    await this.#ml.client.onlineEndpoints.beginCreateOrUpdate(
      ...this.#ml.at,
      endpoint,
      {
        location: location ?? "",
        identity: { type: "SystemAssigned" },
        properties: { authMode: "Key" },
        tags: { managedBy: "outerloop" },
      },
      { abortSignal: withinTimeout() },
    );
  }

  /**
   * Sets the whole split, so that a second call changes nothing. Only PUT can change traffic (PATCH carries tags and
   * identity alone), so everything else of the endpoint is sent back as it was.
   *
   * @throws {EndpointMissingError}
   */
  async setTraffic(endpoint: string, traffic: TrafficSplit): Promise<void> {
    const before = await this.#read(endpoint);
    if (!before) throw new EndpointMissingError(endpoint);
    await this.#ml.client.onlineEndpoints.beginCreateOrUpdate(
      ...this.#ml.at,
      endpoint,
      { ...before, properties: { ...before.properties, traffic: { ...traffic } } },
      { abortSignal: withinTimeout() },
    );
  }

  async getDeployment(endpoint: string, deployment: string): Promise<{ provisioningState: string } | null> {
    const found = await this.#readDeployment(endpoint, deployment);
    return found && { provisioningState: found.properties.provisioningState ?? "Unknown" };
  }

  /** Safe to repeat: creates the deployment, without traffic, unless it is there. */
  async ensureDeployment(wanted: NewDeployment): Promise<void> {
    if (await this.#readDeployment(wanted.endpoint, wanted.deployment)) return;
    const endpoint = await this.#read(wanted.endpoint);
    if (!endpoint) throw new EndpointMissingError(wanted.endpoint);
    await this.#ml.client.onlineDeployments.beginCreateOrUpdate(
      ...this.#ml.at,
      wanted.endpoint,
      wanted.deployment,
      {
        location: endpoint.location,
        tags: { ...wanted.tags, managedBy: "outerloop" },
        sku: { name: "Default", capacity: wanted.instanceCount },
        properties: {
          endpointComputeType: "Managed",
          model: wanted.modelId,
          instanceType: wanted.instanceType,
          appInsightsEnabled: true,
        },
      },
      { abortSignal: withinTimeout() },
    );
  }

  /** Safe to repeat: a deployment that is gone, or is being deleted, is what was asked for. */
  async deleteDeployment(endpoint: string, deployment: string): Promise<void> {
    const found = await this.#readDeployment(endpoint, deployment);
    if (!found || found.properties.provisioningState === "Deleting") return;
    await this.#ml.client.onlineDeployments.beginDelete(...this.#ml.at, endpoint, deployment, {
      abortSignal: withinTimeout(),
    });
  }

  /** The endpoint's primary key. Never kept, never logged. */
  async key(endpoint: string): Promise<string> {
    const keys = await this.#ml.client.onlineEndpoints.listKeys(...this.#ml.at, endpoint, {
      abortSignal: withinTimeout(),
    });
    return keys.primaryKey ?? "";
  }

  async #read(endpoint: string): Promise<OnlineEndpoint | null> {
    try {
      return await this.#ml.client.onlineEndpoints.get(...this.#ml.at, endpoint, {
        abortSignal: withinTimeout(),
      });
    } catch (error) {
      if (hasStatus(error, 404)) return null;
      throw error;
    }
  }

  async #readDeployment(endpoint: string, deployment: string): Promise<OnlineDeployment | null> {
    try {
      return await this.#ml.client.onlineDeployments.get(...this.#ml.at, endpoint, deployment, {
        abortSignal: withinTimeout(),
      });
    } catch (error) {
      if (hasStatus(error, 404)) return null;
      throw error;
    }
  }
}
