import * as z from "zod";
import type { Handler, Names } from "../delivery/routes.ts";
import type { Run, Runs } from "../delivery/runs.ts";
import type { ServiceRequest } from "../service.ts";
import { ORGANIZATION, PIPELINES, type Pipeline, PROJECT } from "./organization.ts";
import { DevOpsRefusal } from "./refusal.ts";
import { baseOf, readJson } from "./request.ts";

const RunParameters = z
  .object({
    resources: z
      .object({ repositories: z.object({ self: z.object({ refName: z.string().optional() }) }).optional() })
      .optional(),
    templateParameters: z.record(z.string(), z.string()).optional(),
    variables: z
      .record(z.string(), z.object({ value: z.string(), isSecret: z.boolean().optional() }))
      .optional(),
    stagesToSkip: z.array(z.string()).optional(),
    previewRun: z.boolean().optional(),
  })
  .nullable()
  .transform((body) => body ?? {});

const RESULTS = { success: "succeeded", failure: "failed", cancelled: "canceled" } as const;

/** Pipelines, and their runs. */
export function pipelineRoutes({ runs }: { runs: Runs }): Record<string, Handler> {
  function pipelineAt({ id }: Names): Pipeline {
    const pipeline = PIPELINES.find((one) => String(one.id) === id);
    if (pipeline) return pipeline;
    throw new DevOpsRefusal(
      404,
      "PipelineNotFoundException",
      `Pipeline with id ${id} not found in project ${PROJECT.name}.`,
    );
  }

  function runAt(id: string | undefined, pipeline?: Pipeline): Run {
    const run = runs.get(PROJECT.name, Number(id));
    if (run && (pipeline === undefined || run.pipeline === pipeline.id)) return run;
    throw new DevOpsRefusal(404, "BuildNotFoundException", `The requested build ${id} could not be found.`);
  }

  return {
    "GET /pipelines": (request) => {
      const value = PIPELINES.map((pipeline) => pipelineShape(request, pipeline));
      return { status: 200, body: { count: value.length, value } };
    },
    "GET /pipelines/:id(\\d+)": (request, names) => ({
      status: 200,
      body: pipelineShape(request, pipelineAt(names)),
    }),
    "POST /pipelines/:id(\\d+)/runs": (request, names) => {
      const pipeline = pipelineAt(names);
      const run = runs.add({ ...readRun(request, pipeline), scope: PROJECT.name, pipeline: pipeline.id });
      return { status: 200, body: runShape(request, pipeline, run) };
    },
    "GET /pipelines/:id(\\d+)/runs": (request, names) => {
      const pipeline = pipelineAt(names);
      const own = runs.of(PROJECT.name).filter((run) => run.pipeline === pipeline.id);
      const value = own.reverse().map((run) => runShape(request, pipeline, run));
      return { status: 200, body: { count: value.length, value } };
    },
    "GET /pipelines/:id(\\d+)/runs/:run(\\d+)": (request, names) => {
      const pipeline = pipelineAt(names);
      return { status: 200, body: runShape(request, pipeline, runAt(names.run, pipeline)) };
    },
    "PATCH /build/builds/:run(\\d+)": (request, names) => {
      const run = runAt(names.run);
      const read = z.object({ status: z.literal("cancelling") }).safeParse(readJson(request));
      if (!read.success) {
        throw new DevOpsRefusal(
          400,
          "VssPropertyValidationException",
          "Of a build, only { status: 'cancelling' } is simulated.",
        );
      }
      // A build that has ended stays as it is, and is given back.
      const now = runs.conclude(PROJECT.name, run.id, "cancelled") ?? run;
      return { status: 200, body: buildShape(request, now) };
    },
    "GET /build/builds/:run(\\d+)": (request, names) => ({
      status: 200,
      body: buildShape(request, runAt(names.run)),
    }),
  };
}

function readRun(request: ServiceRequest, { branches, parameters, name }: Pipeline) {
  const read = RunParameters.safeParse(readJson(request));
  if (!read.success) {
    const [issue] = read.error.issues;
    const what = `'${issue?.path.join(".")}': ${issue?.message}`;
    throw new DevOpsRefusal(
      400,
      "VssPropertyValidationException",
      `The run's parameters cannot be read. At ${what}.`,
    );
  }
  const { resources, templateParameters = {}, variables = {}, previewRun, stagesToSkip } = read.data;
  if (previewRun || (stagesToSkip?.length ?? 0) > 0) {
    throw new DevOpsRefusal(
      400,
      "InvalidPipelineOperationException",
      "previewRun and stagesToSkip are not simulated.",
    );
  }
  const ref = resources?.repositories?.self.refName ?? "refs/heads/main";
  if (!branches.includes(ref.replace(/^refs\/heads\//, ""))) {
    throw new DevOpsRefusal(
      400,
      "PipelineValidationException",
      `Could not find the ref '${ref}' in the repository, expected one of ${branches.map((one) => `refs/heads/${one}`).join(", ")}.`,
    );
  }
  const unexpected = Object.keys(templateParameters).find((key) => !parameters.includes(key));
  if (unexpected) {
    throw new DevOpsRefusal(
      400,
      "PipelineValidationException",
      `/azure-pipelines.yml: Unexpected parameter '${unexpected}', expected some of ${parameters.join(", ")}.`,
    );
  }
  return { title: name, ref, event: "manual", inputs: { templateParameters, variables } };
}

function pipelineShape(request: ServiceRequest, { id, name, folder }: Pipeline) {
  const url = `${baseOf(request)}/pipelines/${id}?revision=1`;
  const web = `${request.origin}/${ORGANIZATION}/${PROJECT.name}/_build/definition?definitionId=${id}`;
  return { _links: { self: { href: url }, web: { href: web } }, url, id, revision: 1, name, folder };
}

/** e.g. `20260101.2`: the day, and the how manieth of the pipeline. */
function nameOf({ createdAt, number }: Run): string {
  return `${new Date(createdAt).toISOString().slice(0, 10).replaceAll("-", "")}.${number}`;
}

function runShape(request: ServiceRequest, pipeline: Pipeline, run: Run) {
  const base = `${baseOf(request)}/pipelines/${pipeline.id}`;
  const web = `${request.origin}/${ORGANIZATION}/${PROJECT.name}/_build/results?buildId=${run.id}`;
  const { _links: _, ...plain } = pipelineShape(request, pipeline);
  return {
    _links: {
      self: { href: `${base}/runs/${run.id}` },
      web: { href: web },
      "pipeline.web": {
        href: `${request.origin}/${ORGANIZATION}/${PROJECT.name}/_build/definition?definitionId=${pipeline.id}`,
      },
      pipeline: { href: `${base}?revision=1` },
    },
    ...run.inputs,
    pipeline: plain,
    // Runs know no queue: what waits for an agent is in progress.
    state: run.status === "completed" ? "completed" : "inProgress",
    ...(run.conclusion === null
      ? {}
      : { result: RESULTS[run.conclusion], finishedDate: new Date(run.updatedAt).toISOString() }),
    createdDate: new Date(run.createdAt).toISOString(),
    url: `${base}/runs/${run.id}`,
    resources: { repositories: { self: { repository: { type: "azureReposGit" }, refName: run.ref } } },
    id: run.id,
    name: nameOf(run),
  };
}

function buildShape(request: ServiceRequest, run: Run) {
  const status = { queued: "notStarted", in_progress: "inProgress", completed: "completed" }[run.status];
  return {
    id: run.id,
    buildNumber: nameOf(run),
    status,
    ...(run.conclusion === null
      ? {}
      : { result: RESULTS[run.conclusion], finishTime: new Date(run.updatedAt).toISOString() }),
    queueTime: new Date(run.createdAt).toISOString(),
    ...(run.startedAt === null ? {} : { startTime: new Date(run.startedAt).toISOString() }),
    url: `${baseOf(request)}/build/Builds/${run.id}`,
    definition: { id: run.pipeline, name: PIPELINES.find(({ id }) => id === run.pipeline)?.name },
    sourceBranch: run.ref,
    project: { id: PROJECT.id, name: PROJECT.name },
  };
}
