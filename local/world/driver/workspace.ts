import { AzureMachineLearningWorkspaces } from "@azure/arm-machinelearning";
import type { TokenCredential } from "@azure/identity";

const API_VERSION = "2022-10-01";
const WORKSPACE_ID =
  /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/Microsoft\.MachineLearningServices\/workspaces\/([^/]+)$/i;

/** Where to ask for forecasts, and which deployment bears most of the traffic. */
export interface Serving {
  readonly scoringUri: string;
  readonly key: string;
  readonly deployment: string;
  /** Id of the model that this deployment serves. */
  readonly model: string;
}

/** Azure Machine Learning refused a request of the world. */
class WorkspaceError extends Error {
  override name = "WorkspaceError";
}

/** One Azure Machine Learning workspace, as the data scientists and the users of this world see it. */
export class Workspace {
  readonly id: string;
  readonly #origin: string;
  readonly #credential: TokenCredential;
  readonly #client: AzureMachineLearningWorkspaces;
  readonly #at: [string, string];

  constructor(origin: string, id: string, credential: TokenCredential) {
    const [, subscription, group, name] = WORKSPACE_ID.exec(id) ?? [];
    if (!subscription || !group || !name) {
      throw new WorkspaceError(
        `workspaceId is '${id}', expected /subscriptions/…/workspaces/{name} of Microsoft.MachineLearningServices.`,
      );
    }
    this.id = id;
    this.#origin = origin.replace(/\/$/, "");
    this.#credential = credential;
    this.#client = new AzureMachineLearningWorkspaces(credential, subscription, {
      endpoint: this.#origin,
      retryOptions: { maxRetries: 2, retryDelayInMs: 200 },
    });
    this.#at = [group, name];
  }

  async publishCode(name: string, version: string, codeUri: string): Promise<void> {
    await this.#client.codeVersions.createOrUpdate(...this.#at, name, version, { properties: { codeUri } });
  }

  async publishEnvironment(name: string, version: string, image: string): Promise<void> {
    await this.#client.environmentVersions.createOrUpdate(...this.#at, name, version, {
      properties: { image },
    });
  }

  async publishData(name: string, version: string, dataUri: string, description: string): Promise<void> {
    await this.#client.dataVersions.createOrUpdate(...this.#at, name, version, {
      properties: { dataType: "uri_file", dataUri, description },
    });
  }

  async registerModel(name: string, version: string, job: string, description: string): Promise<void> {
    await this.#client.modelVersions.createOrUpdate(...this.#at, name, version, {
      properties: {
        modelUri: `azureml://jobs/${job}/outputs/model/paths/`,
        modelType: "mlflow_model",
        jobName: job,
        description,
      },
    });
  }

  /** The job's status; null when there is none of that name. */
  async jobStatus(job: string): Promise<string | null> {
    const found = await orNull(this.#client.jobs.get(...this.#at, job));
    return found === null ? null : (found.properties.status ?? "Unknown");
  }

  /** The job's tags; none when there is no such job. */
  async jobTags(job: string): Promise<Readonly<Record<string, string | null>>> {
    const found = await orNull(this.#client.jobs.get(...this.#at, job));
    return found?.properties.tags ?? {};
  }

  /**
   * Safe to repeat: a job that is there already is left alone.
   *
   * By hand, because the client drops `uri` and `mode` of a job's asset inputs (azure-sdk-for-js issue 29328).
   */
  async submitJob(job: string, properties: object): Promise<void> {
    if ((await this.jobStatus(job)) !== null) return;
    const token = await this.#credential.getToken(`${this.#origin}/.default`);
    const response = await fetch(`${this.#origin}${this.id}/jobs/${job}?api-version=${API_VERSION}`, {
      method: "PUT",
      headers: { authorization: `Bearer ${token?.token ?? ""}`, "content-type": "application/json" },
      body: JSON.stringify({ properties }),
    });
    const text = await response.text();
    if (!response.ok) {
      throw new WorkspaceError(`Job ${job} was answered ${response.status}, expected 200 or 201: ${text}`);
    }
  }

  /** Null while there is no endpoint of that name, or it sends no traffic anywhere. */
  async serving(endpoint: string): Promise<Serving | null> {
    const found = await orNull(this.#client.onlineEndpoints.get(...this.#at, endpoint));
    const { scoringUri, traffic = {} } = found?.properties ?? {};
    const [busiest] = Object.entries(traffic).sort(([, a], [, b]) => (b ?? 0) - (a ?? 0));
    if (!scoringUri || !busiest?.[1]) return null;
    const [deployment] = busiest;
    const { primaryKey } = await this.#client.onlineEndpoints.listKeys(...this.#at, endpoint);
    const { properties } = await this.#client.onlineDeployments.get(...this.#at, endpoint, deployment);
    return { scoringUri, key: primaryKey ?? "", deployment, model: properties.model ?? "" };
  }
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && "statusCode" in error && error.statusCode === 404) return null;
    throw error;
  }
}
