import type { TokenCredential } from "@azure/identity";
import * as z from "zod";
import { OuterloopError } from "../errors.ts";
import type { MachineLearning } from "./machine-learning.ts";
import { withinTimeout } from "./options.ts";

/** MLflow answers in protobuf's JSON, in which a double that is no finite number is a word. */
const Value = z.union([z.number(), z.enum(["NaN", "Infinity", "-Infinity"]).transform(() => null)]);
const Run = z.object({
  run: z.object({
    data: z.object({ metrics: z.array(z.object({ key: z.string(), value: Value })).default([]) }),
  }),
});

/** @param body - the answer to `runs/get` */
export function readMetrics(body: unknown): Record<string, number | null> {
  const { run } = Run.parse(body);
  return Object.fromEntries(run.data.metrics.map(({ key, value }) => [key, value]));
}

/** MLflow tracking refused to tell a run's metrics. */
export class TrackingError extends OuterloopError {
  override name = "TrackingError";
}

/** Metrics that jobs logged, from the workspace's MLflow tracking server; the run id is the job's name. */
export class JobMetrics {
  readonly #ml: MachineLearning;
  readonly #credential: TokenCredential;
  readonly #scope: string;
  #base: string | undefined;

  constructor(ml: MachineLearning, resourceManager: string, credential: TokenCredential) {
    this.#ml = ml;
    this.#credential = credential;
    this.#scope = `${resourceManager}/.default`;
  }

  /** The latest value of each metric; null for one that is no finite number. */
  async of(job: string): Promise<Record<string, number | null>> {
    const base = await this.#trackingBase();
    const token = await this.#credential.getToken(this.#scope);
    const url = `${base}/api/2.0/mlflow/runs/get?run_id=${encodeURIComponent(job)}`;
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${token?.token ?? ""}` },
      signal: withinTimeout(),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new TrackingError(`MLflow answered ${response.status} for run '${job}', expected 200.`, { job });
    }
    return readMetrics(await response.json());
  }

  /** `azureml://{host}/mlflow/v1.0{workspace}` in the workspace is `https://{host}/mlflow/v2.0{workspace}` for REST. */
  async #trackingBase(): Promise<string> {
    if (this.#base === undefined) {
      const workspace = await this.#ml.client.workspaces.get(...this.#ml.at, {
        abortSignal: withinTimeout(),
      });
      const uri = workspace.mlFlowTrackingUri;
      if (!uri?.startsWith("azureml://")) {
        throw new TrackingError(`The workspace's tracking URI is '${uri}', expected azureml://….`, { uri });
      }
      this.#base = uri.replace("azureml://", "https://").replace("/mlflow/v1.0", "/mlflow/v2.0");
    }
    return this.#base;
  }
}
