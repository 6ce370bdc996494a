/** The engine behind a real HTTP server, with the real client, a clock that stands still, and a file of its own. */
import fs from "node:fs/promises";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import type * as DurableFunctions from "durable-functions";
import { afterEach } from "vitest";
import { ManualClock } from "../../../../local/clock.ts";
import { type DurableExtension, openDurableExtension } from "../../../../local/host/durable/index.ts";
import { createInvoker, uniqueName } from "./worker.ts";

export const df: typeof DurableFunctions = await import("durable-functions");
const { app } = await import("@azure/functions");

type Client = ReturnType<typeof df.getClient>;

interface StatusDocument {
  readonly name: string;
  readonly instanceId: string;
  readonly runtimeStatus: string;
  readonly input: unknown;
  readonly output: unknown;
  readonly customStatus: unknown;
  readonly createdTime: string;
  readonly lastUpdatedTime: string;
  readonly historyEvents?: Record<string, unknown>[];
}

export interface Harness {
  readonly clock: ManualClock;
  readonly extension: DurableExtension;
  readonly client: Client;
  readonly logs: string[];
  /** Every payload that reached an orchestrator, with its history. */
  readonly payloads: Payload[];
  readonly baseUrl: string;
  readonly rpcBaseUrl: string;
  /** Lets everything happen that needs no passing of time. */
  settle(): Promise<void>;
  /** Lets time pass, timers of every moment included. */
  pass(ms: number): Promise<void>;
  /** Starts, settles, and reads the status. */
  run(name: string, input?: unknown): Promise<StatusDocument>;
  status(id: string, query?: string): Promise<StatusDocument>;
  request(
    method: string,
    pathAndQuery: string,
    body?: string,
    headers?: Record<string, string>,
  ): Promise<Response>;
  /** Ends the engine and opens it anew over the same file. */
  reopen(): Promise<void>;
  stop(): Promise<void>;
}

export interface Payload {
  readonly history: ({ EventType: number; EventId: number; IsPlayed: boolean } & Record<string, unknown>)[];
  readonly input: unknown;
  readonly instanceId: string;
}

interface Settings {
  readonly config?: Record<string, unknown>;
  readonly strict?: boolean;
  /** Stands between the engine and each activity's outcome, e.g. to hold it back. */
  readonly beforeInvoke?: (functionName: string) => Promise<void>;
}

const open = new Set<Harness>();

afterEach(async () => {
  for (const harness of open) await harness.stop();
  open.clear();
});

export async function openHarness(settings: Settings = {}): Promise<Harness> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "outerloop-durable-"));
  const clock = new ManualClock();
  const logs: string[] = [];
  const payloads: Payload[] = [];
  let extension: DurableExtension;
  const invoker = createInvoker(() => extension.clientBinding());
  const openExtension = () =>
    openDurableExtension({
      file: path.join(folder, "durable.db"),
      config: settings.config ?? {},
      clock,
      strict: settings.strict ?? false,
      log: (level, _, message) => logs.push(`${level}: ${message}`),
      invoker: {
        get functions() {
          return invoker.functions;
        },
        async invoke(invocation) {
          await settings.beforeInvoke?.(invocation.functionName);
          const { triggerData } = invocation;
          if ("string" in triggerData && triggerData.string.startsWith('{"history"')) {
            payloads.push(JSON.parse(triggerData.string));
          }
          return invoker.invoke(invocation);
        },
      },
    });
  extension = openExtension();
  const server = http.createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const baseUrl = `http://localhost:${port}/runtime/webhooks/durabletask`;
  const rpcBaseUrl = `http://127.0.0.1:${port}/durabletask/`;
  process.env.WEBSITE_HOSTNAME = `localhost:${port}`;

  async function serve(request: http.IncomingMessage, response: http.ServerResponse) {
    const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = await extension.handle({
      method: request.method ?? "GET",
      path: url.pathname.replace(/^\/(runtime\/webhooks\/durabletask|durabletask)\//, ""),
      url: url.href,
      query: url.searchParams,
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      ),
      body: Buffer.concat(chunks).toString(),
    });
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  const start = () => extension.start({ baseUrl, rpcBaseUrl, code: "" });
  await start();
  const harness: Harness = {
    clock,
    get extension() {
      return extension;
    },
    client: await clientOf(invoker),
    logs,
    payloads,
    baseUrl,
    rpcBaseUrl,
    settle: () => extension.idle(),
    async pass(ms) {
      const until = clock.now() + ms;
      await extension.idle();
      for (let due = clock.nextDueAt(); due !== undefined && due <= until; due = clock.nextDueAt()) {
        clock.advance(Math.max(0, due - clock.now()));
        await extension.idle();
      }
      clock.advance(until - clock.now());
    },
    async run(name, input) {
      const id = await harness.client.startNew(name, input === undefined ? {} : { input });
      await extension.idle();
      return harness.status(id);
    },
    async status(id, query = "") {
      const response = await fetch(`${baseUrl}/instances/${encodeURIComponent(id)}${query}`);
      return JSON.parse(await response.text());
    },
    request(method, pathAndQuery, body, headers) {
      return fetch(`${baseUrl}/${pathAndQuery}`, {
        method,
        ...(body === undefined ? {} : { body }),
        headers: { "content-type": "application/json", ...headers },
      });
    },
    async reopen() {
      await extension.stop();
      extension = openExtension();
      await start();
    },
    async stop() {
      await extension.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await fs.rm(folder, { recursive: true, force: true });
    },
  };
  open.add(harness);
  return harness;
}

/** The real client, handed out by the package inside a function of its own. */
async function clientOf(invoker: ReturnType<typeof createInvoker>): Promise<Client> {
  const name = uniqueName("client");
  const { promise, resolve } = Promise.withResolvers<Client>();
  app.generic(name, {
    trigger: { type: "probeTrigger", name: "probe" },
    extraInputs: [df.input.durableClient()],
    handler: async (_, context) => resolve(df.getClient(context)),
  });
  const outcome = await invoker.invoke({ functionName: name, reason: "test", triggerData: { string: "" } });
  if (!outcome.succeeded) throw new Error(outcome.message);
  return promise;
}

/** Registers an orchestrator under a name of its own. */
export function orchestrator(handler: DurableFunctions.OrchestrationHandler): string {
  const name = uniqueName("orchestrator");
  df.app.orchestration(name, handler);
  return name;
}

/** Registers an activity under a name of its own. */
export function activity(handler: (input: unknown) => unknown): string {
  const name = uniqueName("activity");
  df.app.activity(name, { handler: async (input: unknown) => handler(input) });
  return name;
}

export function entity(handler: DurableFunctions.EntityHandler<unknown>): string {
  const name = uniqueName("entity");
  df.app.entity(name, handler);
  return name;
}
