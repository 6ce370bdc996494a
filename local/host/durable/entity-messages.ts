/** Wire forms of what orchestrations and entities tell each other. */
import { createHash } from "node:crypto";
import * as z from "zod/mini";
import { ActionType, type EntityRequest, type LockEntities } from "./actions.ts";

const EntityAddress = z.object({ name: z.string(), key: z.string() });
export type EntityAddress = z.infer<typeof EntityAddress>;

/** An operation (`op`) or a lock request (`lockset`). */
export const EntityMessage = z.object({
  id: z.string(),
  op: z.optional(z.string()),
  signal: z.optional(z.boolean()),
  input: z.nullish(z.string()),
  parent: z.optional(z.string()),
  parentExecution: z.optional(z.string()),
  lockset: z.optional(z.array(EntityAddress)),
  pos: z.optional(z.number()),
});
export type EntityMessage = z.infer<typeof EntityMessage>;

/** Scheduler id of an entity: the name in lower case, the key as it is. */
export function entityId(name: string, key: string): string {
  return `@${name.toLowerCase()}@${key}`;
}

/** @param id - scheduler id, `@name@key` */
export function entityAddress(id: string): EntityAddress {
  const end = id.indexOf("@", 1);
  return { name: id.slice(1, end), key: id.slice(end + 1) };
}

/** The same GUID on every replay: it is made of the execution and the task's number. */
export function requestId(executionId: string, taskId: number): string {
  const hex = createHash("sha256").update(`${executionId}:${taskId}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

type Sender = { readonly instanceId: string; readonly executionId: string };

export function entityInput(sender: Sender, action: EntityRequest, id: string): string {
  const message: EntityMessage = {
    op: action.operation,
    ...(action.actionType === ActionType.CallEntity ? {} : { signal: true }),
    ...(action.input === undefined ? {} : { input: JSON.stringify(action.input) }),
    id,
    parent: sender.instanceId,
    parentExecution: sender.executionId,
  };
  return JSON.stringify(message);
}

export function lockInput(sender: Sender, action: LockEntities): string {
  const message: EntityMessage = {
    id: action.lockRequestId,
    lockset: [...action.lockSet],
    pos: 0,
    parent: sender.instanceId,
    parentExecution: sender.executionId,
  };
  return JSON.stringify(message);
}

export function releaseInput(parent: string, lockRequestId: string): string {
  return JSON.stringify({ parent, id: lockRequestId });
}
