import type { Clock } from "../../clock.ts";
import { type Names, routesOf } from "../delivery/routes.ts";
import { type Run, Runs, type RunTimes } from "../delivery/runs.ts";
import type { DeliveryStore } from "../delivery/store.ts";
import type { Service, ServiceAnswer, ServiceRequest } from "../service.ts";
import { API_PREFIX, checkCaller, finish, refused, resourceOf } from "./answer.ts";
import { hookRoutes } from "./hook-routes.ts";
import { Hooks } from "./hooks.ts";
import { issueRoutes } from "./issue-routes.ts";
import { Issues } from "./issues.ts";
import { Limits } from "./limits.ts";
import { GitHubRefusal, notFound } from "./refusal.ts";
import { findRepository, REPOSITORIES, type Repository, scopeOf } from "./repository.ts";
import { runRoutes } from "./run-routes.ts";
import { shapesOf, userOf } from "./shapes.ts";

export interface GitHubOptions {
  readonly store: DeliveryStore;
  readonly clock: Clock;
  readonly times: RunTimes;
  /** `https://localhost:PORT`, of the addresses in webhooks. */
  readonly origin: () => string;
  readonly repositories?: readonly Repository[];
}

/** What the routes share. */
export interface GitHubContext {
  readonly issues: Issues;
  readonly runs: Runs;
  readonly hooks: Hooks;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly repositories: readonly Repository[];
  /** The repository that a path names. @throws {GitHubRefusal} 404 */
  repository(names: Names): Repository;
  shapes(origin: string, repository: Repository): ReturnType<typeof shapesOf>;
  /** Tells the hooks. */
  raise(repository: Repository, event: string, payload: Readonly<Record<string, unknown>>): void;
}

export interface GitHub {
  readonly handle: Service["handle"];
  readonly token: string;
  readonly issues: Issues;
  readonly runs: Runs;
  readonly repositories: readonly Repository[];
  /** Closes an issue, as a person would on its page. */
  close(repository: Repository, number: number): boolean;
  stop(): Promise<void>;
}

/**
 * The parts of GitHub's REST API (2022-11-28) by which work is opened and workflows are run, at `/github-api`.
 *
 * @see https://docs.github.com/rest
 */
export function createGitHub({
  store,
  clock,
  times,
  origin,
  repositories = REPOSITORIES,
}: GitHubOptions): GitHub {
  const token = `ghp_${store.secret("github-token")}`;
  const issues = new Issues({ store, clock });
  const hooks = new Hooks({ store, clock });
  const limits = new Limits(clock);

  const shapes = (at: string, repository: Repository) =>
    shapesOf(`${at}${API_PREFIX}`, `${at}/github`, repository);
  function raise(repository: Repository, event: string, payload: Readonly<Record<string, unknown>>): void {
    const of = shapes(origin(), repository);
    const sender = userOf(`${origin()}${API_PREFIX}`, `${origin()}/github`);
    hooks.raise(repository, event, { ...payload, repository: of.repository(), sender });
  }
  function onChange(run: Run): void {
    const repository = repositories.find((one) => scopeOf(one) === run.scope);
    const workflow = repository?.workflows.find(({ id }) => id === run.pipeline);
    if (!repository || !workflow) return;
    const of = shapes(origin(), repository);
    const action = run.status === "queued" ? "requested" : run.status;
    raise(repository, "workflow_run", {
      action,
      workflow_run: of.run(run, workflow),
      workflow: of.workflow(workflow),
    });
  }
  const runs = new Runs({ system: "github", store, clock, times, onChange });
  runs.start(repositories.map(scopeOf));

  const context: GitHubContext = {
    issues,
    runs,
    hooks,
    limits,
    clock,
    repositories,
    repository({ owner = "", repo = "" }) {
      const found = findRepository(repositories, owner, repo);
      if (!found) throw notFound();
      return found;
    },
    shapes,
    raise,
  };
  const find = routesOf({ ...issueRoutes(context), ...runRoutes(context), ...hookRoutes(context) });

  async function handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    if (request.segments[0] !== API_PREFIX.slice(1)) return undefined;
    let answer: ServiceAnswer;
    try {
      checkCaller(request, token);
      limits.spend(resourceOf(request));
      const { run } = find(request.method, request.path.slice(API_PREFIX.length) || "/");
      // GitHub tells a wrong method and a wrong path alike.
      if (!run) throw notFound();
      answer = run(request);
    } catch (error) {
      if (!(error instanceof GitHubRefusal)) throw error;
      answer = refused(error);
    }
    return finish(request, answer, limits);
  }

  return {
    handle,
    token,
    issues,
    runs,
    repositories,
    close(repository, number) {
      const issue = issues.get(repository, number);
      if (!issue || issue.state === "closed") return false;
      const closed = issues.update(repository, issue, { state: "closed" });
      const shape = shapes(origin(), repository).issue(closed, issues.labels(repository));
      raise(repository, "issues", { action: "closed", issue: shape });
      return true;
    },
    async stop() {
      runs.stop();
      await hooks.stop();
    },
  };
}
