import type { HostLog, LogLevel } from "../contract.ts";
import { messageOf } from "../errors.ts";
import type { FunctionCallback, LogCategory } from "./core-types.ts";

const HOOK_NAMES = ["appStart", "appTerminate", "preInvocation", "postInvocation", "log"] as const;
export type HookName = (typeof HOOK_NAMES)[number];
export type HookCallback = (context: object) => unknown;

export interface PreInvocationContext {
  readonly invocationContext: object;
  functionCallback: FunctionCallback;
  inputs: unknown[];
}

export interface PostInvocationContext {
  readonly invocationContext: object;
  inputs: unknown[];
  result: unknown;
  error: unknown;
}

/** The hooks an app has registered, in the order it did, and the data they share. */
export class Hooks {
  readonly appHookData: Record<string, unknown> = {};
  readonly #callbacks = new Map<HookName, HookCallback[]>(HOOK_NAMES.map((name) => [name, []]));

  /**
   * @returns the way to take the hook back
   * @throws {RangeError} for a name that is no hook
   */
  add(name: string, callback: HookCallback): () => void {
    const known = HOOK_NAMES.find((hook) => hook === name);
    if (!known) {
      throw Object.assign(new RangeError(`Unrecognized hook "${name}"`), {
        isAzureFunctionsSystemError: true,
      });
    }
    const callbacks = this.#callbacks.get(known) ?? [];
    callbacks.push(callback);
    return () => {
      const index = callbacks.indexOf(callback);
      if (index >= 0) callbacks.splice(index, 1);
    };
  }

  has(name: HookName): boolean {
    return (this.#callbacks.get(name)?.length ?? 0) > 0;
  }

  /** Awaits the callbacks one by one over the same context; the first that throws ends the row. */
  async run<Context extends object>(
    name: HookName,
    context: Context,
    hookData: object = {},
  ): Promise<Context> {
    const shared = this.#share(context, hookData);
    for (const callback of [...(this.#callbacks.get(name) ?? [])]) await callback(shared);
    return shared;
  }

  /** Log hooks may change a user's line; they run at once, and what they throw is ignored. */
  runLog(
    line: {
      level: LogLevel;
      message: string;
      readonly category: LogCategory;
      readonly invocationContext?: object;
    },
    hookData: object,
    log: HostLog,
  ): { level: LogLevel; message: string } {
    const given = { level: line.level, message: line.message };
    if (!this.has("log")) return given;
    const shared = this.#share(line, hookData);
    for (const callback of this.#callbacks.get("log") ?? []) {
      try {
        callback(shared);
      } catch (error) {
        log("debug", "Worker", `A log hook threw: ${messageOf(error)}`);
      }
    }
    return line.category === "user" ? { level: shared.level, message: shared.message } : given;
  }

  #share<Context extends object>(context: Context, hookData: object): Context {
    return defineReadOnly(context, { hookData, appHookData: this.appHookData });
  }
}

/** Adds members that hooks may read, and whose assignment throws in every mode of JavaScript. */
export function defineReadOnly<Target extends object>(
  target: Target,
  members: Record<string, unknown>,
): Target {
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(target, name, {
      enumerable: true,
      get: () => value,
      set() {
        throw new TypeError(`Cannot assign to read only property '${name}'`);
      },
    });
  }
  return target;
}
