/** What the app's `require("@azure/functions-core")` answers: a stand-in that hands every call to the app being served. */
import Module from "node:module";
import type { LogLevel } from "../contract.ts";
import type { FunctionCallback, FunctionMetadata, LogCategory, ProgrammingModel } from "./core-types.ts";
import type { HookCallback } from "./hooks.ts";

export const WORKER_VERSION = "3.13.0";
export const HOST_VERSION = "4.1047.0";

/** Where the core's calls go. `@azure/functions` keeps the core it first met, so one stand-in serves every host of a process. */
export interface CoreTarget {
  registerFunction(metadata: FunctionMetadata, callback: FunctionCallback): () => void;
  registerHook(name: string, callback: HookCallback): () => void;
  log(level: LogLevel, category: LogCategory, message: string): void;
}

class Disposable {
  #dispose: (() => void) | undefined;

  static from(...disposables: { dispose(): unknown }[]): Disposable {
    return new Disposable(() => {
      for (const disposable of disposables) disposable.dispose();
    });
  }

  constructor(dispose: () => void) {
    this.#dispose = dispose;
  }

  dispose(): void {
    const dispose = this.#dispose;
    this.#dispose = undefined;
    dispose?.();
  }
}

interface CoreState {
  target: CoreTarget | undefined;
  model: ProgrammingModel | undefined;
}

const state: CoreState = { target: undefined, model: undefined };

function target(): CoreTarget {
  if (!state.target) throw new Error("A function can only be registered during app startup.");
  return state.target;
}

const core = {
  version: WORKER_VERSION,
  get hostVersion() {
    return HOST_VERSION;
  },
  Disposable,
  registerFunction: (metadata: FunctionMetadata, callback: FunctionCallback) =>
    new Disposable(target().registerFunction(metadata, callback)),
  registerHook: (name: string, callback: HookCallback) =>
    new Disposable(target().registerHook(name, callback)),
  setProgrammingModel(model: ProgrammingModel) {
    state.model = model;
  },
  getProgrammingModel: () => state.model,
  log(level: LogLevel, category: LogCategory, message: string) {
    state.target?.log(level, category, message);
  },
};

let isInstalled = false;

/**
 * Answers `require("@azure/functions-core")` of everything loaded from now on, as the worker does it: by a proxy around
 * `Module.prototype.require`. An `import` of that name finds nothing, here as there.
 */
export function installCore(): void {
  if (isInstalled) return;
  isInstalled = true;
  Module.prototype.require = new Proxy(Module.prototype.require, {
    apply: (require, module, args) =>
      args[0] === "@azure/functions-core" ? core : Reflect.apply(require, module, args),
  });
}

/** Directs registrations, hooks and system logs to `next` from now on. */
export function aimCore(next: CoreTarget): void {
  state.target = next;
}

/** The model the app's `@azure/functions` has brought; `undefined` when it registered nothing. */
export function programmingModel(): ProgrammingModel | undefined {
  return state.model;
}
