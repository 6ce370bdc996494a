import { LogsQueryClient, LogsQueryResultStatus, type LogsTable } from "@azure/monitor-query";
import { afterAll, beforeAll } from "vitest";
import {
  credential,
  GROUP,
  MINUTE,
  NOON,
  type OnEnd,
  SUBSCRIPTION,
  startMonitor,
} from "./monitor-fixture.ts";

export const LOG_ANALYTICS = {
  id: `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers/Microsoft.OperationalInsights/workspaces/log-outerloop`,
  customerId: "00000000-0000-0000-0000-00000000000d",
};
export const at = (minutes: number) => new Date(NOON + minutes * MINUTE);

export async function start(options: Parameters<typeof startMonitor>[0] = {}, onEnd?: OnEnd) {
  const given = { logAnalytics: LOG_ANALYTICS, workspaceGuid: () => "g-1", ...options };
  const monitor = await startMonitor(given, onEnd);
  const client = new LogsQueryClient(credential, {
    endpoint: monitor.origin,
    audience: monitor.origin,
    retryOptions: { maxRetries: 0 },
  });
  const ask = async (query: string, span = { startTime: at(-60), endTime: at(60) }) => {
    const result = await client.queryWorkspace(LOG_ANALYTICS.customerId, query, span);
    if (result.status !== LogsQueryResultStatus.Success) throw new Error("the result is not whole");
    const [table] = result.tables;
    if (!table) throw new Error("the result has no table");
    return table;
  };
  return { ...monitor, client, ask };
}

export const columns = ({ columnDescriptors }: LogsTable) =>
  columnDescriptors.map(({ name, type }) => `${name}:${type}`);
/** Why a query is refused: what the service nests in its error, as it was sent. */
export async function refusal(asked: Promise<unknown>) {
  const error = await asked.then(
    () => undefined,
    (reason: { statusCode: number; code: string; response: { bodyAsText: string } }) => reason,
  );
  const body = JSON.parse(error?.response.bodyAsText ?? "{}");
  return { status: error?.statusCode, code: error?.code, inner: body.error?.innererror };
}

/** One system for the tests of a group that change nothing in it. */
export function shared<T>(begin: (onEnd: OnEnd) => Promise<T>): () => T {
  const ends: (() => void | Promise<void>)[] = [];
  const made: T[] = [];
  beforeAll(async () => void made.push(await begin((end) => void ends.push(end))));
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });
  return () => {
    const [system] = made;
    if (!system) throw new Error("the system has not started");
    return system;
  };
}
