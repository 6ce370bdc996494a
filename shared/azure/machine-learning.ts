import { AzureMachineLearningWorkspaces } from "@azure/arm-machinelearning";
import type { TokenCredential } from "@azure/identity";
import type { Config } from "../config.ts";
import { OuterloopError } from "../errors.ts";
import { hasStatus, RETRY_OPTIONS, withinTimeout } from "./options.ts";
import { PUT_AS_IS } from "./raw-operation.ts";

/** Every adapter of this service speaks the version that arm-machinelearning 2.1.1 was generated for. */
const API_VERSION = "2022-10-01";

/** Job states that no longer change; any other text, newer ones included, means that it is still under way. */
const TERMINAL_JOB_STATES = ["Completed", "Failed", "Canceled"] as const;

export interface JobState {
  readonly status: string;
  readonly isTerminal: boolean;
  readonly isCompleted: boolean;
}

/** A job as the service takes it: `properties` of the PUT body. */
export type JobProperties = Readonly<Record<string, unknown>>;

export interface DataVersion {
  /** `azureml:{name}:{version}` */
  readonly reference: string;
  readonly version: string;
}

export interface NewModelVersion {
  readonly uri: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly properties: Readonly<Record<string, string>>;
}

/** What was asked for is not in the workspace, although the policy names it. */
export class MissingAssetError extends OuterloopError {
  override name = "MissingAssetError";
}

/** Jobs, data and models of one Azure Machine Learning workspace. */
export class MachineLearning {
  readonly client: AzureMachineLearningWorkspaces;
  readonly #workspace: Config["workspace"];

  constructor(config: Pick<Config, "workspace" | "resourceManager">, credential: TokenCredential) {
    this.#workspace = config.workspace;
    this.client = new AzureMachineLearningWorkspaces(credential, config.workspace.subscriptionId, {
      endpoint: config.resourceManager,
      retryOptions: RETRY_OPTIONS,
    });
  }

  /** Resource group and workspace: the first two arguments of every call of the SDK. */
  get at(): [string, string] {
    return [this.#workspace.resourceGroup, this.#workspace.name];
  }

  /** @throws {MissingAssetError} when the data asset has no version */
  async latestDataVersion(name: string): Promise<DataVersion> {
    const versions = this.client.dataVersions.list(...this.at, name, {
      orderBy: "createdtime desc",
      top: 1,
      abortSignal: withinTimeout(),
    });
    try {
      for await (const version of versions) {
        if (version.name) return { reference: `azureml:${name}:${version.name}`, version: version.name };
      }
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
    }
    throw new MissingAssetError(
      `Data asset '${name}' has no version in workspace '${this.#workspace.name}', expected at least one: ` +
        "publish recent production data under that name, or correct retraining.dataAsset in the policy.",
      { dataAsset: name },
    );
  }

  /** Safe to repeat: the id names the job, and the same body for an existing job changes nothing. */
  async submitJob(id: string, properties: JobProperties): Promise<void> {
    const resource = `${this.#workspace.id}/jobs/${encodeURIComponent(id)}`;
    await this.client.sendOperationRequest(
      { resource, apiVersion: API_VERSION, body: { properties }, options: { abortSignal: withinTimeout() } },
      PUT_AS_IS,
    );
  }

  /** Null when there is no such job. */
  async getJob(id: string): Promise<JobState | null> {
    try {
      const job = await this.client.jobs.get(...this.at, id, { abortSignal: withinTimeout() });
      const status = job.properties.status ?? "Unknown";
      return {
        status,
        isTerminal: TERMINAL_JOB_STATES.some((state) => state === status),
        isCompleted: status === "Completed",
      };
    } catch (error) {
      if (hasStatus(error, 404)) return null;
      throw error;
    }
  }

  /** The version that the service itself would give next: text, numeric by convention. */
  async nextModelVersion(model: string): Promise<string> {
    const container = await this.client.modelContainers.get(...this.at, model, {
      abortSignal: withinTimeout(),
    });
    const next = container.properties.nextVersion;
    if (!next) {
      throw new MissingAssetError(`Model '${model}' tells no next version, expected a number as text.`, {
        model,
      });
    }
    return next;
  }

  /** Null when there is no such version. */
  async getModelVersion(
    model: string,
    version: string,
  ): Promise<{ uri: string; tags: Record<string, string> } | null> {
    try {
      const found = await this.client.modelVersions.get(...this.at, model, version, {
        abortSignal: withinTimeout(),
      });
      const tags = Object.entries(found.properties.tags ?? {}).map(([key, value]) => [key, value ?? ""]);
      return { uri: found.properties.modelUri ?? "", tags: Object.fromEntries(tags) };
    } catch (error) {
      if (hasStatus(error, 404)) return null;
      throw error;
    }
  }

  /** Safe to repeat: a version is immutable, and the same content again changes nothing. */
  async registerModel(model: string, version: string, content: NewModelVersion): Promise<void> {
    const { uri, description, tags, properties } = content;
    await this.client.modelVersions.createOrUpdate(
      ...this.at,
      model,
      version,
      {
        properties: {
          modelUri: uri,
          modelType: "mlflow_model",
          description,
          tags: { ...tags },
          properties: { ...properties },
        },
      },
      { abortSignal: withinTimeout() },
    );
  }

  /** Resource id of a model version: what a deployment serves. */
  modelId(model: string, version: string): string {
    return `${this.#workspace.id}/models/${model}/versions/${version}`;
  }
}
