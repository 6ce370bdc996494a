import { randomUUID } from "node:crypto";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import type { Context } from "./context.ts";
import { notFound } from "./refusal.ts";
import { PROVIDER } from "./resource.ts";

export interface OperationError {
  readonly code: string;
  readonly message: string;
}

/** A long-running operation: what it does to which resource, and how far it is. */
export interface Operation {
  readonly id: string;
  readonly kind: string;
  /** Resource id. */
  readonly target: string;
  readonly status: "InProgress" | "Succeeded" | "Failed";
  readonly startTime: string;
  /** Milliseconds since the epoch. */
  readonly dueAt: number;
  readonly endTime?: string;
  readonly error?: OperationError;
}

export interface OperationWork {
  /** Part of the address of its status: `mfe` when it says nothing else. */
  readonly room?: "compute" | "workspace" | "registry";
  /** Begins the ids of its operations, e.g. `oe` for online endpoints. */
  readonly prefix?: "oe" | "odidp" | "be" | "bd";
  /** What must be tried before the outcome is known; an answer is why the operation fails. */
  prepare?(target: string): Promise<OperationError | undefined>;
  /** The target as a caller sees it once the operation ends; absent: as it is stored. Undefined when it is gone. */
  render?(target: string, request: ServiceRequest): object | undefined;
  /** Writes the outcome, in the transaction that ends the operation. */
  finish(target: string, error: OperationError | undefined): void;
}

/** Long-running operations: each ends on the clock, and goes on after a restart. */
export class Operations {
  readonly #context: Context;
  readonly #work = new Map<string, OperationWork>();
  readonly #timers = new Map<string, () => void>();

  constructor(context: Context) {
    this.#context = context;
  }

  define(kind: string, work: OperationWork): void {
    this.#work.set(kind, work);
  }

  /** Takes up what was under way when the process ended. */
  resume(): void {
    const rows = this.#context.store.sql("SELECT document FROM operations WHERE running = 1").all();
    for (const { document } of rows) this.#schedule(JSON.parse(String(document)));
  }

  stop(): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  /** To be called in the transaction that writes what the operation begins with. */
  start(kind: string, target: string, delayMs: number): Operation {
    const now = this.#context.clock.now();
    const operation: Operation = {
      id: idFor(this.#workOf(kind)),
      kind,
      target,
      status: "InProgress",
      startTime: new Date(now).toISOString(),
      dueAt: now + delayMs,
    };
    this.#write(operation);
    this.#schedule(operation);
    return operation;
  }

  /** Headers of a 201 to a PUT. */
  creationHeaders(request: ServiceRequest, operation: Operation): Record<string, string> {
    return {
      "azure-asyncoperation": this.#url(request, "Status", operation),
      "x-ms-async-operation-timeout": "PT1H",
    };
  }

  /** Headers of a 202 to a PATCH, DELETE or POST. */
  acceptedHeaders(request: ServiceRequest, operation: Operation): Record<string, string> {
    return {
      location: this.#url(request, "Results", operation),
      "retry-after": String(this.#context.retryAfterSeconds),
      "x-ms-async-operation-timeout": "PT1H",
    };
  }

  /** What polling `Azure-AsyncOperation` answers. */
  status(request: ServiceRequest, id: string): ServiceAnswer {
    const { status, startTime, endTime, error } = this.#existing(id);
    const body = {
      id: `${request.path}`,
      name: id,
      status,
      percentComplete: status === "InProgress" ? 0 : 100,
      startTime,
      ...(endTime && { endTime }),
      ...(error && { error }),
    };
    return { status: 200, headers: status === "InProgress" ? this.#retryAfter() : {}, body };
  }

  /** What polling `Location` answers: 202 until it ends, then the resource, or nothing when it is gone. */
  result(request: ServiceRequest, id: string): ServiceAnswer {
    const operation = this.#existing(id);
    if (operation.status === "InProgress") {
      return { status: 202, headers: this.acceptedHeaders(request, operation) };
    }
    if (operation.error) return { status: 400, body: { error: operation.error } };
    const work = this.#workOf(operation.kind);
    const body = work.render
      ? work.render(operation.target, request)
      : this.#context.store.get<unknown>(operation.target)?.resource;
    return body ? { status: 200, body } : { status: 204 };
  }

  #existing(id: string): Operation {
    const row = this.#context.store.sql("SELECT document FROM operations WHERE id = ?").get(id);
    if (!row) throw notFound(`There is no operation '${id}'.`);
    return JSON.parse(String(row.document));
  }

  #write(operation: Operation): void {
    this.#context.store
      .sql("INSERT OR REPLACE INTO operations (id, document, running) VALUES (?, ?, ?)")
      .run(operation.id, JSON.stringify(operation), operation.status === "InProgress" ? 1 : 0);
  }

  #schedule(operation: Operation): void {
    const { clock, log } = this.#context;
    const cancel = clock.after(Math.max(0, operation.dueAt - clock.now()), () => {
      this.#timers.delete(operation.id);
      this.#run(operation).catch((error) => log("error", `operation ${operation.id}: ${String(error)}`));
    });
    this.#timers.set(operation.id, cancel);
  }

  async #run(operation: Operation): Promise<void> {
    const { store, clock } = this.#context;
    const work = this.#workOf(operation.kind);
    const error = await work.prepare?.(operation.target);
    if (!store.isOpen) return;
    store.transaction(() => {
      work.finish(operation.target, error);
      this.#write({
        ...operation,
        status: error ? "Failed" : "Succeeded",
        endTime: new Date(clock.now()).toISOString(),
        ...(error && { error }),
      });
    });
  }

  #workOf(kind: string): OperationWork {
    const work = this.#work.get(kind);
    if (!work)
      throw new Error(`Operation kind '${kind}' is not defined, expected ${[...this.#work.keys()]}.`);
    return work;
  }

  #url(request: ServiceRequest, what: "Status" | "Results", { kind, id }: Operation): string {
    const { subscriptionId, location } = this.#context;
    const version = request.query.get("api-version") ?? "";
    const room = `${this.#workOf(kind).room ?? "mfe"}Operation${what === "Status" ? "sStatus" : "Results"}`;
    return `${request.origin}/subscriptions/${subscriptionId}/providers/${PROVIDER}/locations/${location}/${room}/${id}?api-version=${version}`;
  }

  #retryAfter(): Record<string, string> {
    return { "retry-after": String(this.#context.retryAfterSeconds) };
  }
}

function idFor({ prefix }: OperationWork): string {
  return prefix ? `${prefix}:${randomUUID()}:${randomUUID()}` : randomUUID();
}
