import { randomUUID } from "node:crypto";
import type {
  FunctionDefinition,
  FunctionInvoker,
  HostLog,
  Invocation,
  InvocationOutcome,
  TypedData,
} from "../contract.ts";
import { CoreContext } from "./core-context.ts";
import type { InvocationModel, ProgrammingModel, RpcInvocationResponse } from "./core-types.ts";
import {
  defineReadOnly,
  type Hooks,
  type PostInvocationContext,
  type PreInvocationContext,
} from "./hooks.ts";
import type { Outputs } from "./outputs.ts";
import { isTrigger, isType, type Registered } from "./registry.ts";

/** A function together with what runs it. */
export interface IndexedFunction {
  readonly definition: FunctionDefinition;
  readonly registered: Registered;
}

/** An invocation whose id the caller has fixed, because a second channel (a streamed request) refers to it. */
export interface WorkerInvocation extends Invocation {
  readonly invocationId?: string;
}

export interface WorkerOptions {
  readonly functions: readonly IndexedFunction[];
  readonly model: ProgrammingModel | undefined;
  readonly hooks: Hooks;
  readonly log: HostLog;
  /** Real milliseconds a run may take, -1 for no limit. */
  readonly functionTimeoutMs: number;
  readonly durableClientBinding: () => string;
  /** Sends what the function put into its outputs; a throw fails the invocation. */
  readonly writeOutputs: Outputs["write"];
}

/** Node fires a longer timer at once; no run of a host for development lasts that long. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What one invocation hands from its preparation to its run. */
interface Call {
  readonly core: CoreContext;
  readonly model: InvocationModel;
  readonly context: object;
  readonly inputs: unknown[];
}

/** Runs the app's functions, one invocation at a time per call, the way the Node worker does. */
export class Worker implements FunctionInvoker {
  readonly functions: readonly FunctionDefinition[];
  readonly #options: WorkerOptions;
  readonly #byName: ReadonlyMap<string, IndexedFunction>;
  #running = 0;
  /** Called when nothing runs any more. */
  #onIdle: (() => void) | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.functions = options.functions.map(({ definition }) => definition);
    this.#byName = new Map(options.functions.map((each) => [each.definition.name.toLowerCase(), each]));
  }

  /** How many functions run now. */
  get running(): number {
    return this.#running;
  }

  async invoke(invocation: WorkerInvocation): Promise<InvocationOutcome> {
    const found = this.#byName.get(invocation.functionName.toLowerCase());
    if (!found) return failed(new Error(`There is no function '${invocation.functionName}'.`));
    this.#running += 1;
    try {
      return await this.#observe(found, invocation);
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#onIdle?.();
    }
  }

  /** Resolves when nothing runs any more, or after `graceMs`. */
  async drain(graceMs: number): Promise<void> {
    if (this.#running === 0) return;
    const { promise: idleOrTimeUp, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    const timer = setTimeout(resolve, graceMs);
    await idleOrTimeUp;
    clearTimeout(timer);
  }

  async #observe(indexed: IndexedFunction, invocation: WorkerInvocation): Promise<InvocationOutcome> {
    const { log } = this.#options;
    const name = indexed.definition.name;
    const invocationId = invocation.invocationId ?? randomUUID();
    const startedAt = performance.now();
    log(
      "information",
      `Function.${name}`,
      `Executing 'Functions.${name}' (Reason='${invocation.reason}', Id=${invocationId})`,
    );
    const outcome = await this.#withTimeout(name, this.#attempt(indexed, invocation, invocationId));
    const durationMs = Math.round(performance.now() - startedAt);
    const end = outcome.succeeded ? "Succeeded" : "Failed";
    const line = `Executed 'Functions.${name}' (${end}, Id=${invocationId}, Duration=${durationMs}ms)`;
    if (outcome.succeeded) log("information", `Function.${name}`, line);
    else {
      const exception = `Result: Failure\nException: ${outcome.message}\nStack: ${outcome.stackTrace}`;
      log("error", `Function.${name}`, `${line}\n${exception}`);
    }
    return outcome;
  }

  /**
   * Handlers run in real time, so their limit is in real time too, whatever clock the host keeps.
   *
   * @param attempt - never rejects
   */
  #withTimeout(name: string, attempt: Promise<InvocationOutcome>): Promise<InvocationOutcome> {
    const limitMs = this.#options.functionTimeoutMs;
    if (limitMs < 0 || limitMs > LONGEST_TIMER_MS) return attempt;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        const words = `Timeout value of ${limitMs / 1000} s was exceeded by function: Functions.${name}`;
        const difference =
          "Azure ends the worker process now, and all that runs in it; here the function goes on unheard.";
        this.#options.log("error", `Function.${name}`, `${words}. ${difference}`);
        resolve(failed(new Error(words)));
      }, limitMs);
      timer.unref();
      void attempt.then((outcome) => {
        clearTimeout(timer);
        resolve(outcome);
      });
    });
  }

  async #attempt(
    indexed: IndexedFunction,
    invocation: Invocation,
    invocationId: string,
  ): Promise<InvocationOutcome> {
    try {
      const response = await this.#run(indexed, invocation, invocationId);
      await this.#options.writeOutputs(indexed.definition, response, invocation);
      return { succeeded: true, returnValue: response.returnValue };
    } catch (error) {
      return failed(error);
    }
  }

  async #run(
    { definition, registered }: IndexedFunction,
    invocation: Invocation,
    invocationId: string,
  ): Promise<RpcInvocationResponse> {
    const { model } = this.#options;
    if (!model) throw new Error("The app has not set a programming model: it does not use @azure/functions.");
    const request = this.#request(definition, invocation, invocationId);
    const core = new CoreContext(this.#options, request, registered.metadata);
    const invocationModel = model.getInvocationModel(core);
    const { context, inputs } = await invocationModel.getArguments();
    core.invocationContext = context;
    try {
      const result = await this.#call(registered, { core, model: invocationModel, context, inputs });
      return await invocationModel.getResponse(context, result);
    } finally {
      core.release();
    }
  }

  /** The function between its hooks. */
  async #call(registered: Registered, { core, model, context, inputs }: Call): Promise<unknown> {
    const { hooks } = this.#options;
    core.state = "preInvocationHooks";
    const before: PreInvocationContext = {
      invocationContext: context,
      functionCallback: registered.callback,
      inputs,
    };
    if (hooks.has("preInvocation")) {
      defineReadOnly(before, { invocationContext: context });
      await hooks.run("preInvocation", before, core.hookData);
    }

    const after: PostInvocationContext = {
      invocationContext: context,
      inputs: before.inputs,
      result: null,
      error: null,
    };
    core.state = "invocation";
    try {
      after.result = await model.invokeFunction(context, before.inputs, before.functionCallback);
    } catch (error) {
      after.error = error;
      if (error === undefined || error === null) this.#warnOfNothingThrown(core.metadata.name, error);
    }
    core.state = "postInvocationHooks";
    if (hooks.has("postInvocation")) {
      defineReadOnly(after, { invocationContext: context });
      await hooks.run("postInvocation", after, core.hookData);
    }
    if (after.error !== null && after.error !== undefined) throw after.error;
    return after.result;
  }

  /** The real worker takes an error that is not there for none: the function has succeeded, and answers nothing. */
  #warnOfNothingThrown(name: string, thrown: unknown): void {
    const words = `Function '${name}' threw ${String(thrown)}: Azure counts that as a success without a result`;
    this.#options.log("warning", `Function.${name}`, `${words}, and so does this host. Throw an Error.`);
  }

  #request(definition: FunctionDefinition, invocation: Invocation, invocationId: string) {
    return {
      invocationId,
      functionId: definition.name,
      inputData: definition.bindings
        .filter((binding) => binding.direction === "in")
        .map((binding) => ({ name: binding.name, data: this.#input(binding, invocation) })),
      triggerMetadata: invocation.triggerMetadata ?? {},
      traceContext: { traceParent: invocation.traceParent ?? "", traceState: "", attributes: {} },
      ...(invocation.retryContext && { retryContext: invocation.retryContext }),
    };
  }

  #input(binding: FunctionDefinition["trigger"], invocation: Invocation): TypedData {
    if (isTrigger(binding)) return invocation.triggerData;
    if (isType(binding, "durableClient") || isType(binding, "orchestrationClient")) {
      return { string: this.#options.durableClientBinding() };
    }
    throw new Error(`Binding '${binding.name}': the input type '${binding.type}' is not supported.`);
  }
}

/** Whatever was thrown as message and stack: a text is the message, other values are told as JSON. */
function failed(thrown: unknown): InvocationOutcome {
  if (thrown instanceof Error) {
    return { succeeded: false, message: thrown.message, stackTrace: thrown.stack ?? "" };
  }
  const message =
    typeof thrown === "string" ? thrown : thrown === undefined ? "Unknown error" : toJson(thrown);
  return { succeeded: false, message, stackTrace: "" };
}

function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
