/** What a client may do to instances: start, signal, steer, restart, rewind, purge. */
import type { Engine } from "./engine.ts";
import { EventType, isFinal, STATUS_NAMES, Status } from "./history.ts";
import { newId } from "./ids.ts";
import type { Instance } from "./instance.ts";
import type { InstanceFilter } from "./instance-rows.ts";
import { BAD_ARGUMENT, RefusedError, WENT_WRONG } from "./responses.ts";

const MAX_ID_LENGTH = 256;

const NOT_AN_INSTANCE = "InstanceId does not match a valid orchestration instance.";

/**
 * Starts an instance.
 *
 * @param input - JSON text
 * @returns its id
 * @throws {RefusedError} 400 for a bad id or an unknown name, 409 when the id is that of a live instance
 */
export function startNew(
  engine: Engine,
  name: string,
  options: { readonly id?: string; readonly input: string | null; readonly version?: string },
): string {
  const id = options.id || newId();
  requireUsableId(id);
  const definition = engine.functionOf("orchestrationTrigger", name);
  if (!definition) {
    const known = engine.invoker.functions.filter((one) => one.trigger.type === "orchestrationTrigger");
    throw new RefusedError(
      400,
      `The function '${name}' doesn't exist, is disabled, or is not an orchestrator function. Additional info: ` +
        `the following are the known orchestrator functions: '${known.map((one) => one.name).join("', '")}'.`,
      BAD_ARGUMENT,
    );
  }
  const existing = engine.instance(id);
  const isProtected = engine.config.overridableExistingInstanceStates === "NonRunningStates";
  if (existing && isProtected && !isFinal(existing.row.status)) {
    const status = STATUS_NAMES[existing.row.status];
    throw new RefusedError(
      409,
      `An Orchestration instance with the status ${status} already exists: '${id}'.`,
    );
  }
  engine.startInstance({
    id,
    name: definition.name,
    version: options.version ?? engine.config.defaultVersion,
    input: options.input,
  });
  return id;
}

/**
 * @param readData - JSON text; asked for only once the instance is known to run
 * @throws {RefusedError} 404 for an unknown id, 410 for an ended instance
 */
export function raiseEvent(engine: Engine, id: string, name: string, readData: () => string): void {
  requireLive(engine, id);
  engine.send(id, { EventType: EventType.EventRaised, EventId: -1, Name: name, Input: readData() });
}

/** @throws {RefusedError} 404 for an unknown id, 410 for an ended instance */
export function terminate(engine: Engine, id: string, reason: string): void {
  requireLive(engine, id);
  engine.send(id, { EventType: EventType.ExecutionTerminated, EventId: -1, Input: reason });
}

/** @throws {RefusedError} 404, 410, or 500 when it is suspended already */
export function suspend(engine: Engine, id: string, reason: string): void {
  const instance = requireLive(engine, id);
  if (instance.row.status === Status.Suspended) {
    throw new RefusedError(500, `The instance '${id}' is already suspended.`, WENT_WRONG);
  }
  engine.send(id, { EventType: EventType.ExecutionSuspended, EventId: -1, Reason: reason });
}

/** @throws {RefusedError} 404, 410, or 500 when it is not suspended */
export function resume(engine: Engine, id: string, reason: string): void {
  const instance = requireLive(engine, id);
  if (instance.row.status !== Status.Suspended) {
    throw new RefusedError(
      500,
      `The instance '${id}' is not suspended: it is ${STATUS_NAMES[instance.row.status]}.`,
      WENT_WRONG,
    );
  }
  engine.send(id, { EventType: EventType.ExecutionResumed, EventId: -1, Reason: reason });
}

/**
 * Starts anew with the same name, input and version.
 *
 * @returns the id of the instance that runs now
 * @throws {RefusedError} 400 for an unknown id, 409 when the same id is asked for and still runs
 */
export function restart(engine: Engine, id: string, hasNewId: boolean): string {
  const instance = engine.instance(id);
  if (!instance) throw new RefusedError(400, `No instance with ID '${id}' found.`, NOT_AN_INSTANCE);
  const { name, input, version } = instance.row;
  try {
    return startNew(engine, name, { input, version, ...(hasNewId ? {} : { id }) });
  } catch (error) {
    if (!(error instanceof RefusedError) || error.status !== 400) throw error;
    throw new RefusedError(400, error.message, NOT_AN_INSTANCE);
  }
}

/** @throws {RefusedError} 404 for an unknown id, 412 for an instance that has not ended */
export function purge(engine: Engine, id: string): number {
  const instance = engine.instance(id);
  if (!instance) throw new RefusedError(404, `No instance with ID '${id}' found.`);
  if (!isFinal(instance.row.status)) {
    throw new RefusedError(
      412,
      `The instance '${id}' is ${STATUS_NAMES[instance.row.status]}: only ended ones can be purged.`,
    );
  }
  engine.forget(id);
  return 1;
}

/** Purges the ended instances that the filter names. @throws {RefusedError} 404 when there are none */
export function purgeBy(engine: Engine, filter: InstanceFilter): number {
  const ended = engine.store.list(filter).filter((row) => isFinal(row.status));
  if (ended.length === 0) throw new RefusedError(404, "No ended instance matches the filter.");
  for (const row of ended) engine.forget(row.id);
  return ended.length;
}

function requireLive(engine: Engine, id: string): Instance {
  const instance = engine.instance(id);
  if (!instance) throw new RefusedError(404, `No instance with ID '${id}' found.`);
  if (isFinal(instance.row.status)) {
    throw new RefusedError(
      410,
      `The instance '${id}' has ended: it is ${STATUS_NAMES[instance.row.status]}.`,
    );
  }
  return instance;
}

/** The first character that neither an instance's id nor an entity's key may have. */
export function badCharacter(text: string): string | undefined {
  // biome reads control characters in a pattern as a slip, so they are compared by code
  return [...text].find(
    (character) =>
      character < " " || (character >= "\x7f" && character <= "\x9f") || "/\\#?".includes(character),
  );
}

function requireUsableId(id: string): void {
  const found = `Instance id '${id}' cannot be used`;
  if (id.startsWith("@"))
    throw new RefusedError(400, `${found}: '@' at the beginning marks an entity.`, BAD_ARGUMENT);
  const bad = badCharacter(id);
  if (bad !== undefined) {
    throw new RefusedError(
      400,
      `${found}: it contains ${JSON.stringify(bad)}, expected none of / \\ # ? or control characters.`,
      BAD_ARGUMENT,
    );
  }
  if (id.length > MAX_ID_LENGTH) {
    throw new RefusedError(
      400,
      `${found}: it has ${id.length} characters, expected at most ${MAX_ID_LENGTH}.`,
      BAD_ARGUMENT,
    );
  }
}
