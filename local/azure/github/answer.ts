import { createHash, randomUUID } from "node:crypto";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import type { Limits } from "./limits.ts";
import { GitHubRefusal } from "./refusal.ts";

export const API_PREFIX = "/github-api";
const VERSION = "2022-11-28";
const DOCUMENTATION = "https://docs.github.com/rest";

/** What every request must bring. @throws {GitHubRefusal} 403 without User-Agent, 401 without a good token, 400, 415 */
export function checkCaller({ headers }: ServiceRequest, token: string): void {
  if (!headers["user-agent"]) {
    throw new GitHubRefusal(
      403,
      "Request forbidden by administrative rules. Please make sure your request has a User-Agent header " +
        "(https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required).",
    );
  }
  const version = headers["x-github-api-version"];
  if (version !== undefined && version !== VERSION) {
    throw new GitHubRefusal(400, `Invalid API version '${version}', expected '${VERSION}'.`);
  }
  const accepts = headers.accept ?? "*/*";
  if (!/\*\/\*|application\/(vnd\.github|json)/.test(accepts)) {
    throw new GitHubRefusal(
      415,
      `Unsupported 'Accept' header: '${accepts}'. Must accept 'application/json'.`,
    );
  }
  const [, shown] = /^(?:Bearer|token) (\S+)$/i.exec(headers.authorization ?? "") ?? [];
  if (shown === undefined) throw new GitHubRefusal(401, "Requires authentication");
  if (shown !== token) throw new GitHubRefusal(401, "Bad credentials");
}

/** Puts the headers of every answer on one, and answers 304 when the caller has it already. */
export function finish(request: ServiceRequest, answer: ServiceAnswer, limits: Limits): ServiceAnswer {
  const resource = resourceOf(request);
  const headers: Record<string, string> = {
    ...answer.headers,
    "x-github-media-type": "github.v3; format=json",
    "x-github-api-version-selected": VERSION,
    "x-github-request-id": randomUUID().slice(0, 18).toUpperCase(),
  };
  if (request.method === "GET" && answer.status === 200) {
    const etag = `W/"${createHash("sha256").update(JSON.stringify(answer.body)).digest("hex")}"`;
    headers.etag = etag;
    headers["cache-control"] = "private, max-age=60, s-maxage=60";
    if (request.headers["if-none-match"] === etag) {
      limits.giveBack(resource);
      return { status: 304, headers: { ...headers, ...limits.headers(resource) } };
    }
  }
  return { ...answer, headers: { ...headers, ...limits.headers(resource) } };
}

export function resourceOf({ segments }: ServiceRequest): "search" | "core" {
  return segments[1] === "search" ? "search" : "core";
}

export function refused({ status, message, errors, headers }: GitHubRefusal): ServiceAnswer {
  return {
    status,
    headers,
    body: {
      message,
      ...(errors ? { errors } : {}),
      documentation_url: DOCUMENTATION,
      status: String(status),
    },
  };
}

/** One page of a list, with the Link header that leads to the others. */
export function paged(
  { query, origin, path }: ServiceRequest,
  items: readonly unknown[],
  wrap: (page: readonly unknown[]) => unknown = (page) => page,
): ServiceAnswer {
  const size = Math.min(100, positive(query.get("per_page"), 30));
  const page = positive(query.get("page"), 1);
  const last = Math.max(1, Math.ceil(items.length / size));
  const to = (number: number, rel: string) => {
    const next = new URLSearchParams(query);
    next.set("page", String(number));
    return `<${origin}${path}?${next}>; rel="${rel}"`;
  };
  const links = [
    ...(page > 1 ? [to(page - 1, "prev")] : []),
    ...(page < last ? [to(page + 1, "next"), to(last, "last")] : []),
    ...(page > 1 ? [to(1, "first")] : []),
  ];
  const body = wrap(items.slice((page - 1) * size, page * size));
  return { status: 200, ...(links.length > 0 ? { headers: { link: links.join(", ") } } : {}), body };
}

function positive(text: string | null, otherwise: number): number {
  return text !== null && /^\d{1,9}$/.test(text) && Number(text) > 0 ? Number(text) : otherwise;
}
