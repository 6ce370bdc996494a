import { appendFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import type { Clock } from "../../clock.ts";
import { type Log, workspaceOf } from "./context.ts";

/** Collections of a deployment, as the service names them. */
export const COLLECTIONS = { inputs: "model_inputs", outputs: "model_outputs" } as const;

export interface CollectedRequest {
  readonly endpoint: string;
  readonly deployment: string;
  /** Resource id of the deployment. */
  readonly source: string;
  /** The caller's own id of the request, or one given here: the same in inputs and outputs, so rows can be joined. */
  readonly correlationId: string;
  readonly requestId: string;
  readonly rows: readonly unknown[];
}

const FRAME = z.object({
  input_data: z.object({ columns: z.array(z.string()), data: z.array(z.array(z.unknown())) }),
});

/**
 * Model data collection: a line of JSON per request, in
 * `modelDataCollector/{endpoint}/{deployment}/{collection}/{yyyy}/{MM}/{dd}/{HH}/instance-0.jsonl` of the datastore.
 *
 * A line is a CloudEvent: `specversion, id, source, type ("azureml.inference.inputs" or ".outputs"), datacontenttype, time,
 * data (one object per row), correlationid, xrequestid, modelversion, collectdatatype, agent, contentrange`.
 * Lines are written behind the answer, as in the service: a crash may lose the last ones.
 */
export class DataCollector {
  readonly #datastoreOf: (workspace: string) => string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #waiting = new Map<string, string[]>();
  #writing: Promise<void> | undefined;

  constructor(datastoreOf: (workspace: string) => string, clock: Clock, log: Log) {
    this.#datastoreOf = datastoreOf;
    this.#clock = clock;
    this.#log = log;
  }

  collect(collection: keyof typeof COLLECTIONS, request: CollectedRequest): void {
    const time = new Date(this.#clock.now()).toISOString();
    const data = JSON.stringify(request.rows);
    const line = JSON.stringify({
      specversion: "1.0",
      id: `${request.requestId}-${collection}`,
      source: request.source,
      type: `azureml.inference.${collection}`,
      datacontenttype: "application/json",
      time,
      data: request.rows,
      correlationid: request.correlationId,
      xrequestid: request.requestId,
      modelversion: "default",
      collectdatatype: "pandas.core.frame.DataFrame",
      agent: "outerloop-local",
      contentrange: `bytes 0-${data.length - 1}/${data.length}`,
    });
    const hour = time.slice(0, 13).split(/[-T]/);
    const path = [request.endpoint, request.deployment, COLLECTIONS[collection], ...hour, "instance-0.jsonl"];
    const file = join(this.#datastoreOf(workspaceOf(request.source)), "modelDataCollector", ...path);
    this.#waiting.set(file, [...(this.#waiting.get(file) ?? []), line]);
    this.#writing ??= this.#write();
  }

  /** Settles when everything collected so far is written. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async #write(): Promise<void> {
    await Promise.resolve();
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting];
      this.#waiting.clear();
      for (const [file, lines] of batch) await this.#append(file, lines);
    }
    this.#writing = undefined;
  }

  async #append(file: string, lines: readonly string[]): Promise<void> {
    try {
      await mkdir(dirname(file), { recursive: true });
      await appendFile(file, `${lines.join("\n")}\n`);
    } catch (error) {
      this.#log("error", `data collection to ${file}: ${String(error)}`);
    }
  }
}

/** Rows of a request: an object per row of its frame, or the body itself when it holds no frame. */
export function inputRows(body: unknown): unknown[] {
  const read = FRAME.safeParse(body);
  if (!read.success) return [body];
  const { columns, data } = read.data.input_data;
  return data.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index] ?? null])));
}

/** Rows of a response: objects as they are, anything else as `{ prediction }`. */
export function outputRows(body: unknown): unknown[] {
  const rows: readonly unknown[] = Array.isArray(body) ? body : [body];
  return rows.map((row) => (typeof row === "object" && row !== null ? row : { prediction: row }));
}
