import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { ServiceAnswer, ServiceRequest } from "../../service.ts";
import { execute, type LogOptions, LogQueryError } from "./execute.ts";

export interface LogsApiOptions extends LogOptions {
  /** Resource id of the one Log Analytics workspace: the logs of every endpoint go there. */
  readonly logAnalyticsId: string;
  readonly authenticate: (headers: Readonly<Record<string, string>>) => boolean;
}

const Body = z.object({
  query: z.string().min(1),
  timespan: z.string().nullish(),
  workspaces: z.array(z.string()).max(0, "queries over several workspaces are not simulated").nullish(),
});
const Batch = z.object({
  requests: z.array(
    z.object({
      id: z.string(),
      workspace: z.string(),
      headers: z.record(z.string(), z.string()).nullish(),
      body: z.unknown(),
    }),
  ),
});

/**
 * The Log Analytics query API: `/v1/workspaces/{guid}/query`, `/v1/{resource id}/query` and `/v1/$batch`.
 *
 * @see https://learn.microsoft.com/azure/azure-monitor/logs/api/request-format
 */
export function createLogsApi(options: LogsApiOptions) {
  function handle(request: ServiceRequest): ServiceAnswer | undefined {
    const [version, ...rest] = request.segments;
    const action = rest.at(-1);
    if (version !== "v1" || (action !== "query" && action !== "$batch")) return undefined;
    if (!options.authenticate(request.headers)) {
      return refusal(401, "AuthorizationRequiredError", "Valid authentication was not provided");
    }
    if (request.method !== "POST") {
      return refusal(405, "MethodNotAllowed", `The method ${request.method} is not simulated, use POST`);
    }
    const body = readJson(request.body);
    if (action === "$batch") return batch(body);
    const scope = rest.slice(0, -1);
    const [kind, id = ""] = scope;
    if (kind?.toLowerCase() === "workspaces" && scope.length === 2)
      return ofWorkspace(id, body, request.headers);
    return ofResource(scope, body, request.headers);
  }

  function ofWorkspace(id: string, body: unknown, headers: Readonly<Record<string, string>>): ServiceAnswer {
    if (id.toLowerCase() === options.customerId.toLowerCase()) return answer(body, headers);
    return refusal(404, "WorkspaceNotFoundError", `The workspace '${id}' could not be found`);
  }

  function ofResource(
    scope: readonly string[],
    body: unknown,
    headers: Readonly<Record<string, string>>,
  ): ServiceAnswer {
    const id = `/${scope.join("/")}`;
    if (scope[0]?.toLowerCase() !== "subscriptions" || scope.length < 2) {
      return refusal(404, "PathNotFoundError", "The requested path does not exist");
    }
    const isWorkspace = id.toLowerCase() === options.logAnalyticsId.toLowerCase();
    return isWorkspace ? answer(body, headers) : answer(body, headers, `${id}/`);
  }

  function batch(body: unknown): ServiceAnswer {
    const read = Batch.safeParse(body);
    if (!read.success) return refusal(400, "BadArgumentError", problemOf(read.error));
    const responses = read.data.requests.map(({ id, workspace, headers, body: query }) => {
      const { status, body: answered } = ofWorkspace(workspace, query, lowerCase(headers ?? {}));
      return { id, status, headers: {}, body: answered };
    });
    return { status: 200, body: { responses } };
  }

  function answer(body: unknown, headers: Readonly<Record<string, string>>, scope?: string): ServiceAnswer {
    const read = Body.safeParse(body);
    if (!read.success) return refusal(400, "BadArgumentError", problemOf(read.error));
    const { query, timespan } = read.data;
    try {
      const asked = { query, timespan, ...(scope === undefined ? {} : { scope }) };
      const { statistics, ...result } = execute(asked, options);
      const prefer = headers.prefer ?? "";
      return {
        status: 200,
        body: {
          ...result,
          ...(prefer.includes("include-statistics=true") ? { statistics } : {}),
          // No operator that draws is simulated: there is never anything to show.
          ...(prefer.includes("include-render=true") ? { render: {} } : {}),
        },
      };
    } catch (error) {
      if (error instanceof LogQueryError) return refusal(400, "BadArgumentError", error.message, error.inner);
      throw error;
    }
  }

  return handle;
}

function refusal(
  status: number,
  code: string,
  message: string,
  innererror?: Record<string, unknown>,
): ServiceAnswer {
  const error = { message, code, correlationId: randomUUID(), ...(innererror ? { innererror } : {}) };
  return { status, body: { error } };
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

function problemOf({ issues: [issue] }: z.ZodError): string {
  return `The request had some invalid properties: '${issue?.path.join(".") ?? ""}' ${issue?.message ?? ""}`;
}

const lowerCase = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
