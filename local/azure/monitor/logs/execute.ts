import type { Clock } from "../../../clock.ts";
import type { ScoredRequest } from "../../service.ts";
import { KqlSemanticError, KqlSyntaxError } from "../kql/errors.ts";
import { toJson } from "../kql/format.ts";
import { parseQuery } from "../kql/parse.ts";
import { run, type Table } from "../kql/run.ts";
import type { RequestStore } from "../store.ts";
import { parseTimespan } from "../timespan.ts";
import { COLUMNS, type LogPlace, TRAFFIC_LOG, toRow } from "./traffic-log.ts";

/** A result has no more rows: the rest is left out, and the answer says so. */
const MOST_ROWS = 500_000;

export interface LogQuery {
  readonly query: string;
  readonly timespan?: string | null | undefined;
  /** Resource id below which requests count, with a slash at its end; absent: all. */
  readonly scope?: string;
}

export interface LogOptions extends LogPlace {
  readonly store: RequestStore;
  readonly clock: Clock;
  readonly mostRows?: number;
}

/** A query that is refused; `inner` is what the service nests in its error. */
export class LogQueryError extends Error {
  override name = "LogQueryError";
  readonly inner: Record<string, unknown> | undefined;

  constructor(message: string, inner?: Record<string, unknown>) {
    super(message);
    this.inner = inner;
  }
}

/**
 * Answers a query as the Log Analytics API does.
 *
 * @throws {LogQueryError}
 */
export function execute(asked: LogQuery, options: LogOptions): Record<string, unknown> {
  const started = performance.now();
  const { columns, rows } = inLanguage(() => toTable(asked, options));
  const mostRows = options.mostRows ?? MOST_ROWS;
  const shown: unknown[][] = [];
  let isCut = false;
  for (const row of inLanguage(() => rows)) {
    isCut = shown.length === mostRows;
    if (isCut) break;
    shown.push(columns.map(({ type }, index) => toJson(row[index] ?? null, type)));
  }
  const executionTime = (performance.now() - started) / 1000;
  return {
    tables: [{ name: "PrimaryResult", columns, rows: shown }],
    statistics: { query: { executionTime, datasetStatistics: [{ tableRowCount: shown.length }] } },
    ...(isCut ? { error: cutOff(mostRows) } : {}),
  };
}

function toTable(asked: LogQuery, options: LogOptions): Table {
  const { store, clock } = options;
  const now = clock.now();
  const query = parseQuery(asked.query);
  if (query.table !== TRAFFIC_LOG) {
    const message = `Failed to resolve table or column expression named '${query.table}'. The one table that is simulated is ${TRAFFIC_LOG}.`;
    throw new KqlSemanticError("SEM0100", message);
  }
  const span = asked.timespan ? parseTimespan(asked.timespan, now) : { start: 0, end: now };
  if (!span) throw new LogQueryError(`The timespan '${asked.timespan}' is no ISO 8601 interval or duration.`);
  function* rows() {
    for (const request of store.logged(span?.start ?? 0, span?.end ?? now)) {
      if (isIn(request, asked.scope)) yield toRow(request, options);
    }
  }
  return run(query, { columns: COLUMNS, rows: { [Symbol.iterator]: rows } }, now);
}

function isIn({ endpointId, deployment }: ScoredRequest, scope: string | undefined): boolean {
  if (scope === undefined) return true;
  return `${endpointId}/deployments/${deployment}/`.toLowerCase().startsWith(scope.toLowerCase());
}

/** Errors of the language as the service nests them. */
function inLanguage<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof KqlSyntaxError) {
      throw new LogQueryError("The request had some invalid properties", {
        code: "SyntaxError",
        message: "A recognition error occurred in the query.",
        innererror: { code: "SYN0002", message: error.message, ...error.at, token: error.token },
      });
    }
    if (error instanceof KqlSemanticError) {
      throw new LogQueryError("The request had some invalid properties", {
        code: "SemanticError",
        message: "A semantic error occurred.",
        innererror: { code: error.code, message: error.message },
      });
    }
    throw error;
  }
}

function cutOff(mostRows: number): Record<string, unknown> {
  return {
    code: "PartialError",
    message: "There were some errors when processing your query.",
    details: [
      {
        code: "EngineError",
        message: "Something went wrong processing your query on the server.",
        innererror: {
          code: "-2133196797",
          message: `The results of this query exceed the set limit of ${mostRows} records, so not all records were returned (E_QUERY_RESULT_SET_TOO_LARGE / 0x80DA0003). See https://aka.ms/kustoquerylimits for more information and possible solutions.`,
          severity: 2,
          severityName: "Error",
        },
      },
    ],
  };
}
