/** Loads an app into this process: injects the core, runs its entry files, indexes what it registered. */
import type { HostLog } from "../contract.ts";
import { HostStartError, messageOf } from "../errors.ts";
import { type AppSettings, isDisabled } from "../settings/app-settings.ts";
import { aimCore, HOST_VERSION, installCore, programmingModel } from "./core-module.ts";
import type { ProgrammingModel } from "./core-types.ts";
import { Hooks } from "./hooks.ts";
import { findEntryFiles, loadEntryFiles } from "./load-app.ts";
import { indexFunction, Registry } from "./registry.ts";
import type { IndexedFunction } from "./worker.ts";

export interface LoadedApp {
  readonly functions: readonly IndexedFunction[];
  /** Why a registered function is not served, by its name. */
  readonly indexingErrors: ReadonlyMap<string, string>;
  readonly disabled: ReadonlySet<string>;
  readonly hooks: Hooks;
  readonly model: ProgrammingModel | undefined;
  /** `HttpUri` when the app streams HTTP. */
  readonly capabilities: Readonly<Record<string, string>>;
}

/**
 * @param allowed - host.json's `functions`: when given, only these names are served
 * @throws {HostStartError} when the app cannot be loaded
 */
export async function loadApp(
  folder: string,
  settings: AppSettings,
  log: HostLog,
  allowed: readonly string[] | undefined,
): Promise<LoadedApp> {
  const hooks = new Hooks();
  const registry = new Registry();
  installCore();
  aimCore({
    registerFunction: (metadata, callback) => registry.register(metadata, callback),
    registerHook: (name, callback) => hooks.add(name, callback),
    log(level, category, message) {
      const line = hooks.runLog({ level, category, message }, {}, log);
      log(line.level, "Worker", line.message);
    },
  });
  await loadEntryFiles(folder, findEntryFiles(folder));
  try {
    await hooks.run("appStart", { functionAppDirectory: folder, hostVersion: HOST_VERSION });
  } catch (error) {
    throw new HostStartError(`An appStart hook threw: ${messageOf(error)}`, { cause: error });
  }
  const model = programmingModel();
  const capabilities = (await model?.getCapabilities({})) ?? {};
  const registered = registry.close();

  const functions: IndexedFunction[] = [];
  const indexingErrors = new Map<string, string>();
  const disabled = new Set<string>();
  for (const each of registered) {
    const { name } = each.metadata;
    if (allowed && !allowed.some((other) => other.toLowerCase() === name.toLowerCase())) continue;
    try {
      functions.push({ definition: indexFunction(each.metadata, settings), registered: each });
      if (isDisabled(name, settings)) disabled.add(name);
    } catch (error) {
      indexingErrors.set(name, messageOf(error));
      log("error", "Host.Startup", messageOf(error));
    }
  }
  if (registered.length === 0) {
    log("warning", "Host.Startup", `No functions found: '${folder}' registered none.`);
  }
  return { functions, indexingErrors, disabled, hooks, model, capabilities };
}
