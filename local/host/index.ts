/** The embedded Functions host: serves any v4 app folder in this process. For development, tests and demonstration. */
import path from "node:path";
import { type Clock, systemClock } from "../clock.ts";
import { Availability } from "./availability.ts";
import type { FunctionDefinition, HostLog } from "./contract.ts";
import { openDurable, openRpcDoor, usesDurable } from "./durable-door.ts";
import { HostStartError, isDamagedDatabase, messageOf } from "./errors.ts";
import { Gate } from "./gate.ts";
import { KeyRing } from "./http/keys.ts";
import { type Listener, listen } from "./http/listen.ts";
import { buildRouteTable } from "./http/routes.ts";
import { type HttpSurface, serve } from "./http/server.ts";
import { consoleLog, filteredLog } from "./logging.ts";
import { applyEnvironment, processSettings, readLocalSettings } from "./settings/app-settings.ts";
import { readHostJson } from "./settings/host-json.ts";
import { openState } from "./state.ts";
import { startTriggers } from "./triggers/index.ts";
import { Intake } from "./triggers/intake.ts";
import { warnOfIdleRetries } from "./triggers/retry.ts";
import { readTimerStatus, timerValue } from "./triggers/timer-status.ts";
import { HOST_VERSION } from "./worker/core-module.ts";
import { loadApp } from "./worker/index.ts";
import { findEntryFiles } from "./worker/load-app.ts";
import { openOutputs } from "./worker/outputs.ts";
import { isType } from "./worker/registry.ts";
import { Worker } from "./worker/worker.ts";

export interface HostOptions {
  /** Folder with host.json and a package.json whose `main` names the entry files. */
  readonly app: string;
  /** 0 for any free port; without it `Host.LocalHttpPort` of local.settings.json, else 7071. */
  readonly port?: number | undefined;
  /** Folder for what the host remembers; made when there is none. */
  readonly data: string;
  /** Whether access keys are asked for; off by default. */
  readonly keys?: boolean;
  readonly clock?: Clock;
  readonly log?: HostLog;
  /** Settings for this run, above the environment and local.settings.json; taken back on stop. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunningHost {
  readonly url: string;
  readonly port: number;
  readonly functions: readonly FunctionDefinition[];
  /** The key that opens everything; present when keys are asked for. */
  readonly masterKey?: string;
  /** Takes nothing new, waits for what runs, and gives everything back. Safe to call twice. */
  stop(): Promise<void>;
}

const DEFAULT_PORT = 7071;
/** How long a stopping host waits for what still runs, in ms. */
const STOP_GRACE_MS = 10_000;
/** Longest for one step of stopping, in ms: a client whose server has gone may never say that it is closed. */
const STOP_STEP_MS = STOP_GRACE_MS + 1_000;

/**
 * Starts a host. It answers 503 until the app has been loaded, and is returned once its listeners take events.
 *
 * @throws {HostStartError} when app, settings or port are unusable; nothing is left running then
 */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  const undo: (() => unknown)[] = [];
  const { clock = systemClock, log = consoleLog } = options;
  const undoAll = async () => {
    for (const step of undo.splice(0).reverse()) {
      try {
        await within(clock, STOP_STEP_MS, step());
      } catch (error) {
        log("error", "Host.Shutdown", `A step of stopping failed, the others go on: ${messageOf(error)}`);
      }
    }
  };
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= undoAll());
  try {
    return await start({ ...options, app: path.resolve(options.app) }, undo, stop);
  } catch (error) {
    await stop();
    if (!isDamagedDatabase(error)) throw error;
    throw new HostStartError(
      `What the host keeps in '${options.data}' is damaged (${messageOf(error)}). ` +
        "Bring the folder back from a copy, or delete it to begin anew without what it remembered.",
      { cause: error },
    );
  }
}

/** @param undo - what has to be done to stop, added in the order of starting: the doors close first, the state last */
async function start(
  options: HostOptions,
  undo: (() => unknown)[],
  stop: () => Promise<void>,
): Promise<RunningHost> {
  const clock = options.clock ?? systemClock;
  findEntryFiles(options.app);
  const local = readLocalSettings(options.app);
  undo.push(applyEnvironment(local.Values, false), applyEnvironment(options.env ?? {}, true));
  const host = readHostJson(options.app, process.env);
  const log = filteredLog(options.log ?? consoleLog, host.logging.logLevel);

  const database = openState(options.data);
  undo.push(() => database.close());
  const keys = new KeyRing(database);
  const { LocalHttpPort = DEFAULT_PORT, CORS, CORSCredentials = false } = local.Host;
  const cors = CORS === undefined ? undefined : { origins: CORS, withCredentials: CORSCredentials };
  const surface: HttpSurface = { cors, log, state: undefined };
  const listener: Listener = await listen(options.port ?? LocalHttpPort, (request, response) =>
    serve(request, response, surface),
  );
  undo.push(() => listener.close(STOP_GRACE_MS));
  const url = `http://localhost:${listener.port}`;
  undo.push(applyEnvironment({ WEBSITE_HOSTNAME: `localhost:${listener.port}` }, true));

  const app = await loadApp(options.app, processSettings, log, host.functions);
  undo.push(() => app.hooks.run("appTerminate", {}));
  const table = buildRouteTable(
    app.functions.map(({ definition }) => definition),
    host.extensions.http.routePrefix,
  );
  const indexingErrors = new Map([...app.indexingErrors, ...table.errors]);
  for (const message of table.errors.values()) log("error", "Host.Startup", message);
  for (const message of table.warnings) log("warning", "Host.Startup", message);
  const functions = app.functions.filter(({ definition }) => !indexingErrors.has(definition.name));
  warnOfIdleRetries(
    functions.map(({ definition }) => definition),
    log,
  );

  const outputs = openOutputs(processSettings);
  undo.push(() => outputs.close());
  const durableBinding = { read: (): string => "" };
  const worker = new Worker({
    functions,
    model: app.model,
    hooks: app.hooks,
    log,
    functionTimeoutMs: host.functionTimeout,
    durableClientBinding: () => durableBinding.read(),
    writeOutputs: outputs.write,
  });

  const durable = usesDurable(worker.functions)
    ? await openDurable(options.data, {
        config: host.extensions.durableTask,
        clock,
        invoker: worker,
        log,
        strict: processSettings("OUTERLOOP_STRICT") === "1",
      })
    : undefined;
  if (durable) {
    undo.push(() => durable.stop());
    const door = await openRpcDoor(durable, log);
    undo.push(() => door.close(0));
    durableBinding.read = () => durable.clientBinding();
    await durable.start({
      baseUrl: `${url}/runtime/webhooks/durabletask`,
      rpcBaseUrl: door.rpcBaseUrl,
      code: options.keys ? keys.system("durabletask") : "",
    });
  }

  undo.push(() => worker.drain(STOP_GRACE_MS));
  const contexts = worker.functions
    .filter(({ name }) => !app.disabled.has(name))
    .map((definition) => ({ definition, worker, host, settings: processSettings, clock, log, database }));
  const intake = new Intake(() =>
    startTriggers(contexts, (name, message) => {
      indexingErrors.set(name, message);
      log("error", "Host.Startup", message);
    }),
  );
  const availability = new Availability({ appFolder: options.app, intake, durable, log });
  const { maxConcurrentRequests } = host.extensions.http;
  surface.state = {
    id: path.basename(options.app),
    version: HOST_VERSION,
    worker,
    availability,
    log,
    functions: worker.functions,
    routes: table.routes,
    table,
    indexingErrors,
    disabled: app.disabled,
    timerValue: ({ name, trigger }) =>
      timerValue(
        trigger.useMonitor === false ? undefined : readTimerStatus(database, name, String(trigger.schedule)),
        false,
      ),
    keys,
    isKeyRequired: options.keys === true,
    durable,
    streamUri: app.capabilities.HttpUri,
    customHeaders: host.extensions.http.customHeaders,
    maxOutstandingRequests: host.extensions.http.maxOutstandingRequests,
    requestGate: new Gate(maxConcurrentRequests < 0 ? Number.POSITIVE_INFINITY : maxConcurrentRequests),
  };
  undo.push(
    () => intake.drain(),
    () => {
      surface.state = undefined;
    },
  );
  await availability.open();
  for (const line of listing(url, worker.functions, table.routes)) log("information", "Host.Startup", line);
  return {
    url,
    port: listener.port,
    functions: worker.functions,
    ...(options.keys && { masterKey: keys.master }),
    stop,
  };
}

/** @throws when the work takes longer */
async function within(clock: Clock, limitMs: number, work: unknown): Promise<void> {
  const { promise: timeUp, reject } = Promise.withResolvers<never>();
  const cancel = clock.after(limitMs, () => reject(new Error(`it took longer than ${limitMs / 1000} s`)));
  try {
    await Promise.race([work, timeUp]);
  } finally {
    cancel();
  }
}

function listing(
  url: string,
  functions: readonly FunctionDefinition[],
  routes: readonly { function: FunctionDefinition; methods: readonly string[]; path: string }[],
): string[] {
  return functions.map(({ name, trigger }) => {
    const route = isType(trigger, "httpTrigger")
      ? routes.find((each) => each.function.name === name)
      : undefined;
    return route ? `${name}: [${route.methods.join(",")}] ${url}/${route.path}` : `${name}: ${trigger.type}`;
  });
}
