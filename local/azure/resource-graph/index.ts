import { createHash } from "node:crypto";
import path from "node:path";
import * as z from "zod";
import type { Clock } from "../../clock.ts";
import { armError } from "../front/arm-error.ts";
import { type Authenticate, methodNotAllowed, readArmBody, refusedByGateway } from "../front/arm-request.ts";
import type { Service, ServiceAnswer, ServiceRequest } from "../service.ts";
import type { Row } from "./expression.ts";
import { Finding, FindingStore, securityResources } from "./findings.ts";
import { runQuery } from "./query.ts";
import { QueryError } from "./tokens.ts";

export interface ResourceGraphOptions {
  /** Folder of its SQLite file. */
  readonly data: string;
  readonly clock: Clock;
  readonly subscriptionId: string;
  /** ARM id of the registry that findings are about. */
  readonly registryId: string;
  readonly authenticate: Authenticate;
}

const MOST_ROWS = 1_000;
const QUERY_PATH = "/providers/microsoft.resourcegraph/resources";

const Query = z.object({
  subscriptions: z.array(z.string()).nullish(),
  managementGroups: z.array(z.string()).max(0, "management groups are not simulated").nullish(),
  query: z.string(),
  facets: z.array(z.unknown()).max(0, "facets are not simulated").nullish(),
  options: z
    .object({
      $top: z.int().min(1).max(MOST_ROWS).default(MOST_ROWS),
      $skip: z.int().min(0).default(0),
      $skipToken: z.string().nullish(),
      resultFormat: z.enum(["objectArray", "table"]).default("objectArray"),
      allowPartialScopes: z.boolean().nullish(),
    })
    .nullish(),
});
type Query = z.infer<typeof Query>;

const SkipToken = z.object({ skip: z.int().min(0), digest: z.string() });

/** Azure Resource Graph over Defender's findings on container images, and `/_findings`, where they are put in. */
export function createResourceGraph(options: ResourceGraphOptions): Service {
  const { data, clock, subscriptionId, registryId, authenticate } = options;
  const store = new FindingStore(path.join(data, "resource-graph.sqlite"));

  async function handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    if (request.path === "/_findings") return onFindings(request);
    if (request.path.toLowerCase() !== QUERY_PATH) return undefined;
    const refused = refusedByGateway(request, authenticate);
    if (refused) return refused;
    if (request.method !== "POST") return methodNotAllowed(request.method);
    const read = readArmBody(Query, request.body);
    if ("refused" in read) return armError(400, "BadRequest", read.refused);
    return answer(read.value, new URL(request.origin).host);
  }

  function answer(asked: Query, host: string): ServiceAnswer {
    const isOurs =
      !asked.subscriptions || asked.subscriptions.some((one) => one.toLowerCase() === subscriptionId);
    const tables = {
      securityresources: () => (isOurs ? securityResources(store.all(), { id: registryId, host }) : []),
    };
    try {
      return page(runQuery(asked.query, tables), asked);
    } catch (error) {
      if (error instanceof QueryError) return invalidQuery(error);
      throw error;
    }
  }

  function onFindings({ method, headers, body }: ServiceRequest): ServiceAnswer {
    if (method === "GET") return { status: 200, body: { value: store.all().map(({ finding }) => finding) } };
    if (method === "DELETE") return { status: 200, body: { removed: store.clear() } };
    if (method !== "POST") return methodNotAllowed(method);
    if (!/^application\/json\b/i.test(headers["content-type"] ?? "")) {
      return armError(415, "UnsupportedMediaType", "content-type: expected application/json");
    }
    const read = readArmBody(Finding, body);
    if ("refused" in read) return armError(400, "InvalidFinding", read.refused);
    store.put(read.value, new Date(clock.now()).toISOString());
    return { status: 201, body: read.value };
  }

  return { name: "resource-graph", handle, stop: async () => store.close() };
}

function page(rows: readonly Row[], { query, options }: Query): ServiceAnswer {
  const { $top = MOST_ROWS, $skip = 0, $skipToken, resultFormat = "objectArray" } = options ?? {};
  const digest = createHash("sha256").update(query).digest("base64url");
  const begin = $skipToken ? readSkipToken($skipToken, digest) : $skip;
  if (begin === undefined) {
    return armError(400, "BadRequest", "The $skipToken is not one that this query was answered with.");
  }
  const part = rows.slice(begin, begin + $top);
  const isMore = begin + $top < rows.length;
  // Without the id column rows cannot be told apart, hence not be paged.
  const canPage = rows.every((row) => typeof row.id === "string");
  const token = Buffer.from(JSON.stringify({ skip: begin + $top, digest })).toString("base64url");
  return {
    status: 200,
    headers: { "x-ms-user-quota-remaining": "14", "x-ms-user-quota-resets-after": "00:00:05" },
    body: {
      totalRecords: rows.length,
      count: part.length,
      resultTruncated: String(isMore),
      ...(isMore && canPage && { $skipToken: token }),
      data: resultFormat === "table" ? asTable(part) : part,
      facets: [],
    },
  };
}

function readSkipToken(text: string, digest: string): number | undefined {
  try {
    const token = SkipToken.parse(JSON.parse(Buffer.from(text, "base64url").toString()));
    return token.digest === digest ? token.skip : undefined;
  } catch {
    return undefined;
  }
}

function asTable(rows: readonly Row[]) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const typeOf = (value: unknown) =>
    typeof value === "object" && value !== null ? "object" : typeof value === "number" ? "number" : "string";
  const columns = names.map((name) => ({
    name,
    type: typeOf(rows.find((row) => row[name] !== null)?.[name]),
  }));
  return { columns, rows: rows.map((row) => names.map((name) => row[name] ?? null)) };
}

function invalidQuery({ message, line, column, token }: QueryError): ServiceAnswer {
  const parser = { code: "ParserFailure", message, line, characterPositionInLine: column, token };
  const details = [
    { code: "InvalidQuery", message: `Query is invalid: ${message} (line ${line}, position ${column}).` },
    parser,
  ];
  return {
    status: 400,
    body: { error: { code: "BadRequest", message: `The query cannot be answered: ${message}.`, details } },
  };
}
