import type { HostLog, LogLevel } from "../contract.ts";
import type {
  CoreInvocationContext,
  FunctionMetadata,
  InvocationState,
  LogCategory,
  RpcInvocationRequest,
} from "./core-types.ts";
import type { Hooks } from "./hooks.ts";

/** What every invocation of a worker shares. */
interface Surroundings {
  readonly hooks: Hooks;
  readonly log: HostLog;
}

/**
 * The worker's side of one invocation, as the app's package sees it. The package keeps each until the next full
 * collection (its private fields are weak maps, whose values V8's scavenger takes for alive): it holds little, and
 * {@link release} lets go of what is large.
 */
export class CoreContext implements CoreInvocationContext {
  readonly invocationId: string;
  readonly metadata: FunctionMetadata;
  request: RpcInvocationRequest | undefined;
  state: InvocationState | undefined;
  /** Shared by the hooks of this invocation. */
  readonly hookData = {};
  /** What the app's function was given as its context, once it is known. */
  invocationContext: object | undefined;
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings, request: RpcInvocationRequest, metadata: FunctionMetadata) {
    this.#surroundings = surroundings;
    this.invocationId = request.invocationId;
    this.request = request;
    this.metadata = metadata;
  }

  log(level: LogLevel, category: LogCategory, message: string): void {
    const { hooks, log } = this.#surroundings;
    const { invocationContext } = this;
    const line = { level, category, message, ...(invocationContext && { invocationContext }) };
    const seen = hooks.runLog(line, this.hookData, log);
    const source = `Function.${this.metadata.name}`;
    log(seen.level, category === "user" ? `${source}.User` : source, seen.message);
  }

  /** The function has answered. A line that it logs later still reaches the log hooks with its context. */
  release(): void {
    this.request = undefined;
    // the package asks for it when it meets a line that was logged too late
    this.state = undefined;
    if (!this.#surroundings.hooks.has("log")) this.invocationContext = undefined;
  }
}
