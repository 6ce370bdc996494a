/** Names that several parts of the engine share. */
import { randomUUID } from "node:crypto";

export const LOG_CATEGORY = "Host.Triggers.DurableTask";

/** 32 hexadecimal digits in lower case: ids of instances and of executions. */
export function newId(): string {
  return randomUUID().replaceAll("-", "");
}
