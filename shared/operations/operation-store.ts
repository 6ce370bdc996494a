import * as z from "zod";
import type { Documents } from "../azure/tables.ts";

/** One running or ended orchestration, as an operator sees it. */
export const Operation = z.object({
  /** The orchestration's instance id. */
  id: z.string(),
  kind: z.string(),
  model: z.string(),
  version: z.string().nullable(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  /** The word for how it ended, e.g. `promoted`, `rejected`; null while it runs. */
  outcome: z.string().nullable(),
  /** Where it stands, in a sentence. */
  sentence: z.string(),
  /** The signal that caused it. */
  cause: z.object({ signal: z.string(), kind: z.string(), summary: z.string() }),
  /** The operation that started this one; null for a reaction to a signal. */
  parent: z.string().nullable(),
  policyDigest: z.string(),
});
export type Operation = z.infer<typeof Operation>;

/** Row that says which operation waits for a job: the job's own events do not name it. */
export const JobOwner = z.object({ job: z.string(), operation: z.string() });
export type JobOwner = z.infer<typeof JobOwner>;

const PARTITION = "operation";
const JOBS = "job";

/** Operations by id, and the jobs that they wait for. */
export class OperationStore {
  readonly #operations: Documents<Operation>;
  readonly #jobs: Documents<JobOwner>;

  constructor(operations: Documents<Operation>, jobs: Documents<JobOwner>) {
    this.#operations = operations;
    this.#jobs = jobs;
  }

  /** Safe to repeat: the first start counts. */
  async start(operation: Operation): Promise<void> {
    await this.#operations.insert({ partition: PARTITION, row: operation.id }, operation);
  }

  /** Safe to repeat: an ended operation keeps its first end. */
  async end(id: string, outcome: string, sentence: string, endedAt: Date): Promise<void> {
    const stored = await this.#operations.get({ partition: PARTITION, row: id });
    if (!stored || stored.value.outcome !== null) return;
    const ended = { ...stored.value, outcome, sentence, endedAt: endedAt.toISOString() };
    await this.#operations.replace({ partition: PARTITION, row: id }, ended, stored.etag);
  }

  async get(id: string): Promise<Operation | null> {
    return (await this.#operations.get({ partition: PARTITION, row: id }))?.value ?? null;
  }

  /** Newest first. */
  async all(): Promise<Operation[]> {
    const operations: Operation[] = [];
    for await (const { value } of this.#operations.list({ partition: PARTITION })) operations.push(value);
    return operations.sort((a, b) => b.startedAt.localeCompare(a.startedAt));
  }

  async ownJob(job: string, operation: string): Promise<void> {
    await this.#jobs.put({ partition: JOBS, row: job }, { job, operation });
  }

  async ownerOf(job: string): Promise<string | null> {
    return (await this.#jobs.get({ partition: JOBS, row: job }))?.value.operation ?? null;
  }
}
