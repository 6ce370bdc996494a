/** The durable fixture app behind a host, for tests that check it against what the real extension does. */
import { afterAll, beforeAll, expect } from "vitest";
import { type RunningHost, startHost } from "../../../../local/host/index.ts";
import { temporaryFolder } from "../harness.ts";
import { truthApp } from "./truth-app.ts";

export interface Status {
  readonly instanceId: string;
  readonly runtimeStatus: string;
  readonly output: unknown;
  readonly customStatus: unknown;
  readonly input: unknown;
}

/** What a call of the durable client came to. */
interface Outcome {
  readonly result?: unknown;
  readonly error?: string;
}

export interface DurableApp {
  readonly url: string;
  /** Under the webhooks of the durable extension. */
  request(method: string, path: string, body?: string, headers?: Record<string, string>): Promise<Response>;
  /** Starts by the app's own client; the answer is its check-status response. */
  start(name: string, input?: unknown): Promise<Response>;
  /** Starts, and waits until it has that status. */
  reach(status: string, name: string, input?: unknown): Promise<Status>;
  until(id: string, status: string): Promise<Status>;
  /** Calls one method of the app's durable client. */
  client(method: string, ...parameters: unknown[]): Promise<Outcome>;
}

const PATIENCE_MS = 5000;

/** One host for all tests of a file. */
export function durableApp(): DurableApp {
  const { folder, remove } = temporaryFolder();
  let host: RunningHost;
  beforeAll(async () => {
    host = await startHost({ app: truthApp("durable"), port: 0, data: folder, log() {} });
  });
  afterAll(async () => {
    await host.stop();
    remove();
  });

  const post = (path: string, body: unknown) =>
    fetch(`${host.url}/api/${path}`, { method: "POST", body: JSON.stringify(body) });
  const app: DurableApp = {
    get url() {
      return host.url;
    },
    request: (method, path, body, headers = { "content-type": "application/json" }) =>
      fetch(`${host.url}/runtime/webhooks/durabletask/${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
      }),
    start: (name, input = null) => post(`start/${name}`, input),
    async reach(status, name, input) {
      const response = await app.start(name, input);
      expect(response.status).toBe(202);
      const { id } = await response.json();
      return app.until(id, status);
    },
    async until(id, status) {
      const deadline = performance.now() + PATIENCE_MS;
      for (;;) {
        const found: Status = await (await app.request("GET", `instances/${id}`)).json();
        if (found.runtimeStatus === status) return found;
        if (performance.now() > deadline)
          throw new Error(`The instance did not become ${status}: ${JSON.stringify(found)}.`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    client: async (method, ...parameters) => (await post(`client/${method}`, parameters)).json(),
  };
  return app;
}
