import type { Clock } from "../../clock.ts";
import { routesOf } from "../delivery/routes.ts";
import { Runs, type RunTimes } from "../delivery/runs.ts";
import type { DeliveryStore } from "../delivery/store.ts";
import type { Service, ServiceAnswer, ServiceRequest } from "../service.ts";
import { ORGANIZATION, PROJECT } from "./organization.ts";
import { pipelineRoutes } from "./pipeline-routes.ts";
import { DevOpsRefusal, refused } from "./refusal.ts";
import { versionOf } from "./request.ts";
import { workItemRoutes } from "./work-item-routes.ts";
import { WorkItems } from "./work-items.ts";

export interface DevOpsOptions {
  readonly store: DeliveryStore;
  readonly clock: Clock;
  readonly times: RunTimes;
  /** Whether a request carries a token of Entra ID; a personal access token is the other way in. */
  readonly authenticate: (headers: Readonly<Record<string, string>>) => boolean;
}

export interface DevOps {
  readonly handle: Service["handle"];
  /** A personal access token: the password of Basic authentication, with any user name. */
  readonly token: string;
  readonly workItems: WorkItems;
  readonly runs: Runs;
  stop(): void;
}

/**
 * The parts of Azure DevOps' REST API (7.1) by which work is opened and pipelines are run, at
 * `/{organization}/{project}/_apis`.
 *
 * @see https://learn.microsoft.com/rest/api/azure/devops
 */
export function createDevOps({ store, clock, times, authenticate }: DevOpsOptions): DevOps {
  const token = store.secret("devops-token");
  const workItems = new WorkItems({ store, clock });
  const runs = new Runs({ system: "devops", store, clock, times, onChange: () => {} });
  runs.start([PROJECT.name]);
  const find = routesOf({ ...workItemRoutes({ workItems, clock }), ...pipelineRoutes({ runs }) });

  async function handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    const { segments } = request;
    const apis = segments.findIndex((segment) => segment.toLowerCase() === "_apis");
    if (apis !== 1 && apis !== 2) return undefined;
    try {
      checkCaller(request, token, authenticate);
      checkProject(segments[0] ?? "", apis === 2 ? segments[1] : undefined);
      checkVersion(request);
      const path = `/${request.path
        .split("/")
        .slice(apis + 2)
        .join("/")}`;
      const { run, allowed } = find(request.method, path);
      if (!run) throw unknownRoute(request, path, allowed);
      return run(request);
    } catch (error) {
      if (error instanceof DevOpsRefusal) return refused(error);
      throw error;
    }
  }

  return { handle, token, workItems, runs, stop: () => runs.stop() };
}

function checkCaller(
  { headers }: ServiceRequest,
  token: string,
  authenticate: DevOpsOptions["authenticate"],
): void {
  const [, basic] = /^Basic (.+)$/i.exec(headers.authorization ?? "") ?? [];
  const shown = basic && Buffer.from(basic, "base64").toString("utf8");
  if (shown ? shown.slice(shown.indexOf(":") + 1) === token : authenticate(headers)) return;
  throw new DevOpsRefusal(
    401,
    "UnauthorizedRequestException",
    "TF400813: The user '' is not authorized to access this resource.",
  );
}

function checkProject(organization: string, project: string | undefined): void {
  if (organization.toLowerCase() !== ORGANIZATION) {
    throw new DevOpsRefusal(
      404,
      "HostDoesNotExistException",
      `TF400813: There is no organization '${organization}' here, expected '${ORGANIZATION}'.`,
    );
  }
  if (project === undefined || [PROJECT.name, PROJECT.id].some((own) => own === project.toLowerCase()))
    return;
  throw new DevOpsRefusal(
    404,
    "ProjectDoesNotExistWithNameException",
    `TF200016: The following project does not exist: ${project}. Verify that the name of the project is correct and ` +
      "that the project exists on the specified Azure DevOps Server.",
  );
}

function checkVersion(request: ServiceRequest): void {
  const version = versionOf(request);
  if (version === undefined) {
    if (request.method === "GET") return;
    throw new DevOpsRefusal(
      400,
      "VssVersionNotSpecifiedException",
      `No api-version was supplied for the "${request.method}" request. The version must be supplied either as part of ` +
        'the Accept header (e.g. "application/json; api-version=1.0") or as a query parameter (e.g. "?api-version=1.0").',
    );
  }
  if (/^7\.[01](-preview(\.\d+)?)?$/.test(version)) return;
  throw new DevOpsRefusal(
    400,
    "VssVersionOutOfRangeException",
    `The requested REST API version of ${version} is out of range for this server: expected 7.0 or 7.1.`,
  );
}

function unknownRoute({ method }: ServiceRequest, path: string, allowed: readonly string[]): DevOpsRefusal {
  if (allowed.length > 0) {
    return new DevOpsRefusal(
      405,
      "VssHttpMethodNotAllowedException",
      `The requested resource does not support http method '${method}', expected ${allowed.join(" or ")}.`,
    );
  }
  return new DevOpsRefusal(404, "VssResourceNotFoundException", `'_apis${path}' is not simulated.`);
}
