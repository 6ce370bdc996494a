/** A host in a process of its own that is killed and started again over the same data. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, rmSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../../../local/host/main.ts", import.meta.url));
const APP = fileURLToPath(new URL("./app", import.meta.url));

/** The code of that event in a history. */
const TASK_COMPLETED = 5;

/** Longer than all restarts of the long form take together. */
const PATIENCE_MS = 120_000;

/** A request that a dying host has swallowed is asked again after so long. */
const REQUEST_TIMEOUT_MS = 5000;

export class MortalHost {
  readonly journal: string;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #url: string | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    this.journal = path.join(folder, "journal");
  }

  async start(): Promise<void> {
    const parameters = [
      MAIN,
      "--app",
      APP,
      "--port",
      "0",
      "--data",
      path.join(this.#folder, "data"),
      "--json",
    ];
    const child = spawn(process.execPath, parameters, {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, JOURNAL: this.journal },
    });
    this.#child = child;
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    const { event, url } = JSON.parse(line);
    if (event !== "ready") throw new Error(`The host's first line is '${line}', expected that it is ready.`);
    this.#url = url;
  }

  /** SIGKILL; resolves when the process is gone. @returns the id that it had, if there was one */
  async kill(): Promise<number | undefined> {
    this.#url = undefined;
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return undefined;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
    return child.pid;
  }

  /** The results of activities that the dead host's data holds, as JSON texts; read from a copy, so that nothing is mended. */
  committedResults(): Set<string> {
    const copy = path.join(this.#folder, "copy");
    cpSync(path.join(this.#folder, "data"), copy, { recursive: true });
    const database = new DatabaseSync(path.join(copy, "durable.sqlite"));
    const rows = database.prepare("SELECT events FROM history").all();
    database.close();
    rmSync(copy, { recursive: true });
    const events = rows.flatMap((row): { EventType: number; Result?: string }[] =>
      JSON.parse(String(row.events)),
    );
    return new Set(
      events.flatMap(({ EventType, Result }) => (EventType === TASK_COMPLETED && Result ? [Result] : [])),
    );
  }

  /**
   * Starts an instance once. When the acknowledgement died with the host, the instance may have ended by the time it is
   * asked for again, and starting one that has ended is a run anew.
   */
  async begin(orchestrator: string, id: string): Promise<void> {
    const isThere = async () => (await this.insist("GET", `instances/${id}`, [200, 202, 404])).status !== 404;
    while (!(await isThere())) await this.#ask("POST", `orchestrators/${orchestrator}/${id}`, null);
  }

  /** Asks the durable HTTP API again and again, over restarts, until one of `statuses` is the answer. */
  async insist(
    method: string,
    request: string,
    statuses: readonly number[],
    body?: unknown,
  ): Promise<Response> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const response = await this.#ask(method, request, body);
      if (response && statuses.includes(response.status)) return response;
      if (performance.now() > deadline)
        throw new Error(`${method} ${request} answers ${response?.status}, expected one of ${statuses}.`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** @returns nothing while the host is down or when it dies over the request */
  async #ask(method: string, request: string, body: unknown): Promise<Response | undefined> {
    if (!this.#url) return undefined;
    try {
      const response = await fetch(`${this.#url}/runtime/webhooks/durabletask/${request}`, {
        method,
        headers: { "content-type": "application/json" },
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return new Response(text === "" ? null : text, { status: response.status });
    } catch {
      return undefined;
    }
  }
}
