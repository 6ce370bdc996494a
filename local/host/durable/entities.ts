/** Runs entities: one batch at a time, in order of arrival, and only for the owner while one holds the lock. */
import * as z from "zod/mini";
import type { Engine } from "./engine.ts";
import { sendToEntity } from "./entity-delivery.ts";
import { EntityMessage, entityAddress, entityId } from "./entity-messages.ts";
import { EventType } from "./history.ts";
import { LOG_CATEGORY, newId } from "./ids.ts";
import type { Instance } from "./instance.ts";
import { toJsonText } from "./invocation.ts";
import type { EventMessage } from "./messages.ts";

/** The scheduler's state, kept as the instance's input. */
export const EntityRecord = z.object({
  exists: z.boolean(),
  /** JSON text. */
  state: z.optional(z.string()),
  /** Instance that holds the lock. */
  lockedBy: z.optional(z.string()),
});
export type EntityRecord = z.infer<typeof EntityRecord>;

const BatchResult = z.object({
  results: z.array(z.object({ isError: z.boolean(), result: z.optional(z.string()) })),
  signals: z.array(
    z.object({
      target: z.object({ name: z.string(), key: z.string() }),
      name: z.string(),
      input: z.string(),
    }),
  ),
  entityExists: z.boolean(),
  entityState: z.nullish(z.string()),
});
type BatchResult = z.infer<typeof BatchResult>;

export function readEntityRecord(input: string | null): EntityRecord {
  return input === null ? { exists: false } : EntityRecord.parse(JSON.parse(input));
}

interface Plan {
  readonly taken: EventMessage[];
  readonly operations: EntityMessage[];
  readonly grants: EntityMessage[];
  lockedBy: string | undefined;
}

/** @returns whether the entity may run again at once */
export async function runEntityBatch(engine: Engine, entity: Instance): Promise<boolean> {
  const record = readEntityRecord(entity.row.input);
  const plan = planBatch(entity.inbox, record.lockedBy, engine.config.maxEntityOperationBatchSize);
  if (plan.taken.length === 0) return false;
  const ran = plan.operations.length > 0 ? await invoke(engine, entity, record, plan.operations) : undefined;
  if (!engine.isCurrent(entity)) return false;
  engine.consume(entity, plan.taken);
  const exists = ran ? ran.entityExists : record.exists;
  const state = ran ? (ran.entityState ?? undefined) : record.state;
  const next: EntityRecord = { exists, ...(state === undefined ? {} : { state }) };
  if (plan.lockedBy !== undefined) next.lockedBy = plan.lockedBy;
  const customStatus = JSON.stringify({ entityExists: exists, queueSize: entity.inbox.length });
  entity.row = { ...entity.row, input: JSON.stringify(next), customStatus, updatedAt: engine.clock.now() };
  engine.store.putInstance(entity.row);
  if (ran) answer(engine, plan.operations, ran);
  for (const grant of plan.grants) passLock(engine, grant);
  return true;
}

/** Walks the inbox in order until nothing more may run now; a release lets those who queued before it go on. */
function planBatch(inbox: readonly EventMessage[], lockedBy: string | undefined, limit: number): Plan {
  const plan: Plan = { taken: [], operations: [], grants: [], lockedBy };
  const waiting = [...inbox];
  for (let i = 0; i < waiting.length && plan.operations.length < limit; ) {
    const message = waiting[i];
    const { event } = message ?? {};
    if (!message || event?.EventType !== EventType.EventRaised) {
      i += 1;
      continue;
    }
    const request = EntityMessage.parse(JSON.parse(event.Input ?? "{}"));
    if (plan.lockedBy !== undefined && request.parent !== plan.lockedBy) {
      i += 1;
      continue;
    }
    plan.taken.push(message);
    waiting.splice(i, 1);
    if (event.Name === "release") {
      plan.lockedBy = undefined;
      i = 0;
    } else if (request.lockset) {
      plan.lockedBy = request.parent;
      plan.grants.push(request);
    } else {
      plan.operations.push(request);
    }
  }
  return plan;
}

/** @throws when the function failed as a whole or answered too little: the batch is then repeated */
async function invoke(
  engine: Engine,
  entity: Instance,
  record: EntityRecord,
  operations: readonly EntityMessage[],
): Promise<BatchResult> {
  const self = entityAddress(entity.row.id);
  const definition = engine.functionOf("entityTrigger", self.name);
  if (!definition) throw new Error(`The entity '${self.name}' is not registered.`);
  const batch = operations.map(({ op, input, signal }) => ({
    name: op ?? "",
    input: input ?? null,
    isSignal: signal === true,
  }));
  const outcome = await engine.invoker.invoke({
    functionName: definition.name,
    reason: `${batch.length} operation(s) for entity '${entity.row.id}'.`,
    triggerData: {
      string: JSON.stringify({ self, exists: record.exists, state: record.state ?? null, batch }),
    },
  });
  if (!outcome.succeeded) throw new Error(outcome.message);
  const result = BatchResult.parse(JSON.parse(toJsonText(outcome.returnValue) ?? "null"));
  if (result.results.length < batch.length) {
    throw new Error(`The entity answered ${result.results.length} of ${batch.length} operations.`);
  }
  return result;
}

/** Answers the callers, then sends the signals: both only once the batch is kept. */
function answer(engine: Engine, operations: readonly EntityMessage[], ran: BatchResult): void {
  for (const [i, operation] of operations.entries()) {
    const result = ran.results[i];
    if (operation.signal || !operation.parent || !result) continue;
    const text = result.result ?? (result.isError ? '""' : null);
    respond(engine, operation, { result: text, ...(result.isError ? { exceptionType: "Error" } : {}) });
  }
  for (const { target, name, input } of ran.signals) {
    if (!engine.functionOf("entityTrigger", target.name)) {
      engine.log(
        "error",
        LOG_CATEGORY,
        `A signal to the entity '${target.name}' is dropped: it is not registered.`,
      );
      continue;
    }
    const message: EntityMessage = { op: name, signal: true, input, id: newId() };
    sendToEntity(engine, entityId(target.name, target.key), "op", JSON.stringify(message));
  }
}

/** On to the next entity of the set; the last one tells the orchestration that it holds them all. */
function passLock(engine: Engine, request: EntityMessage): void {
  const position = (request.pos ?? 0) + 1;
  const next = request.lockset?.[position];
  if (!next) {
    respond(engine, request, { result: null });
    return;
  }
  sendToEntity(engine, entityId(next.name, next.key), "op", JSON.stringify({ ...request, pos: position }));
}

function respond(engine: Engine, request: EntityMessage, response: { result: string | null }): void {
  if (!request.parent) return;
  const Input = JSON.stringify(response);
  const event = { EventType: EventType.EventRaised, EventId: -1, Name: request.id, Input } as const;
  engine.send(request.parent, event, request.parentExecution ?? null);
}
