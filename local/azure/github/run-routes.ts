import type * as z from "zod";
import type { Handler, Names } from "../delivery/routes.ts";
import type { Run } from "../delivery/runs.ts";
import type { ServiceRequest } from "../service.ts";
import { paged } from "./answer.ts";
import { RepositoryDispatch, readBody, WorkflowDispatch } from "./bodies.ts";
import type { GitHubContext } from "./index.ts";
import { GitHubRefusal, notFound } from "./refusal.ts";
import { type Repository, scopeOf, type Workflow } from "./repository.ts";

/** GitHub takes no more top-level properties in a payload. */
const MOST_PAYLOAD_PROPERTIES = 10;

/** Workflows, and their runs. */
export function runRoutes(context: GitHubContext): Record<string, Handler> {
  const { runs } = context;

  function workflowAt(names: Names): { repository: Repository; workflow: Workflow } {
    const repository = context.repository(names);
    const asked = names.workflow ?? "";
    const workflow = repository.workflows.find(
      ({ id, path }) => String(id) === asked || path.endsWith(`/${asked}`),
    );
    if (!workflow) throw notFound();
    return { repository, workflow };
  }

  function runAt(names: Names): { repository: Repository; run: Run } {
    const repository = context.repository(names);
    const run = runs.get(scopeOf(repository), Number(names.id));
    if (!run) throw notFound();
    return { repository, run };
  }

  function shape({ origin }: ServiceRequest, repository: Repository, run: Run) {
    const workflow = repository.workflows.find(({ id }) => id === run.pipeline);
    if (!workflow) throw notFound();
    return context.shapes(origin, repository).run(run, workflow);
  }

  function list(request: ServiceRequest, repository: Repository, all: readonly Run[]) {
    const kept = all.filter(runFilter(request.query)).map((run) => shape(request, repository, run));
    const wrap = (page: readonly unknown[]) => ({ total_count: kept.length, workflow_runs: page });
    return paged(request, kept.reverse(), wrap);
  }

  return {
    "GET /repos/:owner/:repo/actions/workflows": (request, names) => {
      const repository = context.repository(names);
      const all = repository.workflows.map(context.shapes(request.origin, repository).workflow);
      return paged(request, all, (page) => ({ total_count: all.length, workflows: page }));
    },
    "GET /repos/:owner/:repo/actions/workflows/:workflow": (request, names) => {
      const { repository, workflow } = workflowAt(names);
      return { status: 200, body: context.shapes(request.origin, repository).workflow(workflow) };
    },
    "POST /repos/:owner/:repo/actions/workflows/:workflow/dispatches": (request, names) => {
      const { repository, workflow } = workflowAt(names);
      const body = readBody(request, WorkflowDispatch, "WorkflowDispatch");
      checkDispatch(repository, workflow, body);
      const run = runs.add({
        scope: scopeOf(repository),
        pipeline: workflow.id,
        title: titleOf(workflow, body.inputs ?? {}),
        ref: body.ref,
        event: "workflow_dispatch",
        inputs: body.inputs ?? {},
      });
      if (!body.return_run_details) return { status: 204 };
      const { id, url, html_url } = shape(request, repository, run);
      return { status: 200, body: { workflow_run_id: id, run_url: url, html_url } };
    },
    "GET /repos/:owner/:repo/actions/workflows/:workflow/runs": (request, names) => {
      const { repository, workflow } = workflowAt(names);
      const own = runs.of(scopeOf(repository)).filter(({ pipeline }) => pipeline === workflow.id);
      return list(request, repository, own);
    },
    "GET /repos/:owner/:repo/actions/runs": (request, names) => {
      const repository = context.repository(names);
      return list(request, repository, runs.of(scopeOf(repository)));
    },
    "GET /repos/:owner/:repo/actions/runs/:id(\\d+)": (request, names) => {
      const { repository, run } = runAt(names);
      return { status: 200, body: shape(request, repository, run) };
    },
    "POST /repos/:owner/:repo/actions/runs/:id(\\d+)/cancel": (_request, names) => {
      const { run } = runAt(names);
      if (!runs.conclude(run.scope, run.id, "cancelled")) {
        throw new GitHubRefusal(409, "Cannot cancel a workflow run that is completed.");
      }
      return { status: 202, body: {} };
    },
    "POST /repos/:owner/:repo/dispatches": (request, names) => {
      const repository = context.repository(names);
      const { event_type: title, client_payload: inputs = {} } = readBody(
        request,
        RepositoryDispatch,
        "RepositoryDispatch",
      );
      const count = Object.keys(inputs).length;
      if (count > MOST_PAYLOAD_PROPERTIES) {
        throw new GitHubRefusal(
          422,
          `No more than ${MOST_PAYLOAD_PROPERTIES} properties are allowed; ${count} were supplied.`,
        );
      }
      for (const { id, on } of repository.workflows) {
        if (!on.includes("repository_dispatch")) continue;
        const ref = repository.branches[0] ?? "main";
        runs.add({
          scope: scopeOf(repository),
          pipeline: id,
          title,
          ref,
          event: "repository_dispatch",
          inputs,
        });
      }
      return { status: 204 };
    },
  };
}

/** @throws {GitHubRefusal} 422 for a ref that there is not, and for inputs that the workflow does not have, or needs */
function checkDispatch(
  repository: Repository,
  { on, inputs }: Workflow,
  body: z.infer<typeof WorkflowDispatch>,
): void {
  const ref = body.ref.replace(/^refs\/heads\//, "");
  if (!repository.branches.includes(ref)) throw new GitHubRefusal(422, `No ref found for: ${body.ref}`);
  if (!on.includes("workflow_dispatch")) {
    throw new GitHubRefusal(422, "Workflow does not have 'workflow_dispatch' trigger");
  }
  const given = Object.keys(body.inputs ?? {});
  const unexpected = given.filter((name) => !Object.hasOwn(inputs, name));
  if (unexpected.length > 0)
    throw new GitHubRefusal(422, `Unexpected inputs provided: ${JSON.stringify(unexpected)}`);
  const missing = Object.keys(inputs).find((name) => inputs[name]?.required && !given.includes(name));
  if (missing) throw new GitHubRefusal(422, `Required input '${missing}' not provided`);
}

/** What `run-name` makes of the inputs, as far as one of them is shown there. */
function titleOf({ name, runNameInput }: Workflow, inputs: Readonly<Record<string, unknown>>): string {
  const shown = runNameInput === undefined ? undefined : inputs[runNameInput];
  return shown === undefined || shown === "" ? name : String(shown);
}

function runFilter(query: URLSearchParams): (run: Run) => boolean {
  const status = query.get("status");
  const event = query.get("event");
  const branch = query.get("branch");
  return (run) =>
    (status === null || run.status === status || run.conclusion === status) &&
    (event === null || run.event === event) &&
    (branch === null || run.ref.replace(/^refs\/heads\//, "") === branch);
}
