/** The way of a message to an entity, which comes into being with the first. */
import type { Engine } from "./engine.ts";
import { entityAddress } from "./entity-messages.ts";
import { EventType, Status } from "./history.ts";
import { newId } from "./ids.ts";
import { Instance } from "./instance.ts";

/** @param name - `op`, `release`, or `op@<ISO time>` for a delayed signal */
export function sendToEntity(engine: Engine, id: string, name: string, input: string): void {
  if (!engine.instance(id)) engine.adopt(newEntity(engine, id));
  const [Name = "op", due] = name.split(/@(.*)/);
  const dueAt = due ? Date.parse(due) : 0;
  engine.send(id, { EventType: EventType.EventRaised, EventId: -1, Name, Input: input }, null, dueAt);
}

function newEntity(engine: Engine, id: string): Instance {
  const now = engine.clock.now();
  return new Instance({
    id,
    name: `@${entityAddress(id).name}`,
    version: "",
    executionId: newId(),
    status: Status.Running,
    input: null,
    output: null,
    customStatus: null,
    createdAt: now,
    updatedAt: now,
    parent: null,
  });
}
