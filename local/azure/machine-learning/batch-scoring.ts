import { randomUUID } from "node:crypto";
import { join } from "node:path";
import * as z from "zod";
import type { Service, ServiceAnswer, ServiceRequest } from "../service.ts";
import { type BatchDeploymentProperties, modelUri } from "./batch.ts";
import type { BatchEndpointRow, BatchEndpoints } from "./batch-endpoints.ts";
import { type Context, workspaceOf } from "./context.ts";
import { curated } from "./environments.ts";
import {
  ASSET_TYPES,
  type CommandDefinition,
  type JobInput,
  type JobProperties,
  type Step,
} from "./job-definition.ts";
import type { Jobs } from "./jobs.ts";
import { stepJob } from "./pipeline-plan.ts";
import { armAnswer, invalid, notFound, Refusal } from "./refusal.ts";
import type { Resource } from "./resource.ts";
import { readJson } from "./router.ts";

const DEPLOYMENT_HEADER = "azureml-model-deployment";
const STEP = "batchscoring";
const SCORER = join(import.meta.dirname, "batch-score.ts");

/** Names are written both ways in the wild: `InputData`, `inputData`. */
const Invocation = z.preprocess(
  (value) => lowerKeys(value),
  z.looseObject({
    properties: z.looseObject({
      inputdata: z
        .record(
          z.string(),
          z.looseObject({
            jobinputtype: z.string(),
            uri: z.string().optional(),
            value: z.coerce.string().optional(),
          }),
        )
        .refine((inputs) => Object.keys(inputs).length > 0, "expected one input at least"),
      outputdata: z
        .record(z.string(), z.looseObject({ joboutputtype: z.string(), uri: z.string() }))
        .default({}),
    }),
  }),
);
type Invocation = z.infer<typeof Invocation>["properties"];

export interface BatchScoringParts {
  readonly batchEndpoints: BatchEndpoints;
  readonly jobs: Jobs;
  authenticate(headers: Readonly<Record<string, string>>): boolean;
}

/** `POST /inference/{endpoint}/jobs`: runs a batch deployment's model over data, as a pipeline job of one step. */
export class BatchScoring implements Service {
  readonly name = "batch scoring";
  readonly #context: Context;
  readonly #parts: BatchScoringParts;

  constructor(context: Context, parts: BatchScoringParts) {
    this.#context = context;
    this.#parts = parts;
  }

  async handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    const [room, endpoint, action, job, ...more] = request.segments.filter((segment) => segment !== "");
    if (room?.toLowerCase() !== "inference" || action?.toLowerCase() !== "jobs") return undefined;
    try {
      const found = this.#parts.batchEndpoints.find(endpoint ?? "");
      if (!found || more.length > 0) throw notFound(`There is no batch endpoint '${endpoint}'.`);
      this.#authorize(found, request);
      if (request.method === "POST" && job === undefined) {
        const named = request.headers[DEPLOYMENT_HEADER];
        return { status: 200, body: this.invoke(found, readJson(request), request.origin, named) };
      }
      if (request.method === "GET" && job !== undefined) return { status: 200, body: this.#job(found, job) };
      throw new Refusal(405, "MethodNotAllowed", "expected POST of a new job, or GET of one by its name");
    } catch (error) {
      if (error instanceof Refusal) return armAnswer(error);
      throw error;
    }
  }

  /** @throws {Refusal} 400 when the body or what it names cannot be run, 404 without a deployment to run it */
  invoke(
    endpoint: BatchEndpointRow,
    body: unknown,
    origin: string,
    deploymentName?: string,
  ): Resource<JobProperties> {
    const read = Invocation.safeParse(body);
    if (!read.success) {
      const problems = read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
      throw invalid(`The invocation is invalid. ${problems.join("; ")}`);
    }
    const deployment = this.#deployment(endpoint, deploymentName);
    const workspace = workspaceOf(endpoint.resource.id);
    const name = `batchjob-${randomUUID()}`;
    const { inputs, outputs } = dataOf(read.data.properties);
    const properties = {
      "azureml.endpointname": endpoint.resource.name,
      "azureml.deploymentname": deployment.name,
    };
    const step = scoringStep({ id: `${workspace}/jobs/${name}`, name, deployment, inputs });
    return this.#parts.jobs.submit(
      { workspace, name, origin },
      {
        jobType: "Pipeline",
        displayName: name,
        experimentName: endpoint.resource.name,
        inputs,
        outputs,
        properties,
      },
      [step],
    );
  }

  #authorize({ resource, hidden }: BatchEndpointRow, { headers }: ServiceRequest): void {
    const token = /^Bearer (.+)$/i.exec(headers.authorization ?? "")?.[1];
    const isKey = token === hidden.primaryKey || token === hidden.secondaryKey;
    if (this.#parts.authenticate(headers) || (resource.properties.authMode === "Key" && isKey)) return;
    throw new Refusal(401, "Unauthorized", `Endpoint '${resource.name}' expects a valid bearer token.`);
  }

  #deployment({ key, resource }: BatchEndpointRow, named?: string): Resource<BatchDeploymentProperties> {
    const name = named ?? resource.properties.defaults?.deploymentName;
    if (!name) throw notFound(`Endpoint '${resource.name}' has no default deployment: name one, or set one.`);
    const found = this.#context.store.get<BatchDeploymentProperties>(`${key}/deployments/${name}`)?.resource;
    if (found?.properties.provisioningState === "Succeeded") return found;
    throw notFound(`Endpoint '${resource.name}' has no deployment '${name}' that is ready.`);
  }

  #job({ resource }: BatchEndpointRow, name: string): object {
    const id = `${workspaceOf(resource.id)}/jobs/${name}`;
    const found = this.#context.store.get<JobProperties>(id)?.resource;
    if (found?.properties.properties?.["azureml.endpointname"] === resource.name) return found;
    throw notFound(`Endpoint '${resource.name}' has no job '${name}'.`);
  }
}

function scoringStep({
  id,
  name,
  deployment: { properties },
  inputs,
}: {
  readonly id: string;
  readonly name: string;
  readonly deployment: Resource<BatchDeploymentProperties>;
  readonly inputs: Record<string, JobInput>;
}): Step {
  const data = Object.entries(inputs)
    .filter(([, input]) => input.jobInputType !== "literal")
    .map(([input]) => `"\${{inputs.${input}}}"`);
  const options = {
    fileName: properties.outputFileName,
    miniBatchSize: properties.miniBatchSize,
    errorThreshold: properties.errorThreshold,
    maxRetries: properties.retrySettings.maxRetries,
    isSummaryOnly: properties.outputAction === "SummaryOnly",
  };
  const encoded = Buffer.from(JSON.stringify(options)).toString("base64url");
  const definition: CommandDefinition = {
    jobType: "Command",
    displayName: STEP,
    command: `node "${SCORER}" ${encoded} "\${{inputs.batch_model}}" "\${{outputs.score}}" ${data.join(" ")}`,
    environmentId: properties.environmentId ?? curated("batch-scoring"),
    computeId: properties.compute,
    inputs: { ...inputs, batch_model: { jobInputType: "custom_model", uri: modelUri(properties.model) } },
    outputs: { score: { jobOutputType: "uri_folder", uri: `azureml://jobs/${name}/outputs/score/paths/` } },
    ...(properties.resources && { resources: { ...properties.resources } }),
  };
  return { node: STEP, job: stepJob(id, STEP), needs: [], definition };
}

function dataOf({ inputdata, outputdata }: Invocation) {
  const inputs: Record<string, JobInput> = {};
  for (const [name, { jobinputtype, uri, value }] of Object.entries(inputdata)) {
    const type = snake(jobinputtype);
    const asset = ASSET_TYPES.find((known) => known === type);
    if (type === "literal" && value !== undefined) inputs[name] = { jobInputType: "literal", value };
    else if (asset && uri !== undefined) inputs[name] = { jobInputType: asset, uri };
    else
      throw invalid(
        `InputData.${name} is ${jobinputtype}, expected UriFile or UriFolder with a Uri, or Literal.`,
      );
  }
  const [given] = Object.values(outputdata);
  const score = { jobOutputType: "uri_folder" as const, ...(given && { uri: given.uri }) };
  return { inputs, outputs: { score } };
}

const snake = (text: string): string =>
  text.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();

/** The fixed names in lower case; the names that callers give to inputs and outputs stay as they are. */
function lowerKeys(value: unknown, depth = 0): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const isNames = depth === 2;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      isNames ? key : key.toLowerCase(),
      lowerKeys(inner, depth + 1),
    ]),
  );
}
