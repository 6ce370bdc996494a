import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parse } from "yaml";
import * as z from "zod";
import { type Context, workspaceOf } from "./context.ts";
import type { DeploymentProperties } from "./deployment.ts";
import type { OperationError } from "./operations.ts";
import type { Paths } from "./paths.ts";
import { Refusal } from "./refusal.ts";
import type { Resource } from "./resource.ts";

/** Takes a request's JSON and answers the response's. */
export type Predict = (request: unknown) => unknown;

const MODEL_FILE = z.object({
  flavors: z.object({ node_function: z.object({ loader: z.string().min(1) }) }),
});

/** Lines kept of what a deployment told. */
const LOG_LINES = 500;
const DEFAULT_TAIL = 100;

/** The models that deployments serve, each in a module instance of its own. */
export class ModelHost {
  readonly #context: Context;
  readonly #paths: Paths;
  readonly #loaded = new Map<string, Promise<Predict>>();
  readonly #logs = new Map<string, string[]>();

  constructor(context: Context, paths: Paths) {
    this.#context = context;
    this.#paths = paths;
  }

  /** Loads a deployment's model anew; what was loaded before serves until then, and on, if the new one cannot. */
  async reload(deployment: Resource<DeploymentProperties>): Promise<OperationError | undefined> {
    try {
      const loaded = await this.#load(deployment);
      this.#loaded.set(deployment.id.toLowerCase(), Promise.resolve(loaded));
      this.log(deployment.id, `model '${deployment.properties.model}' is loaded`);
      return undefined;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.log(deployment.id, `model '${deployment.properties.model}' cannot be loaded: ${message}`);
      const code = error instanceof Refusal ? "BadArgument" : "ResourceNotReady";
      return { code, message: `Deployment '${deployment.name}' cannot serve its model: ${message}` };
    }
  }

  /** What a deployment answers with; loaded at the first call after a restart. */
  predict(deployment: Resource<DeploymentProperties>): Promise<Predict> {
    const key = deployment.id.toLowerCase();
    let loaded = this.#loaded.get(key);
    if (!loaded) {
      loaded = this.#load(deployment);
      this.#loaded.set(key, loaded);
      loaded.catch(() => this.#loaded.delete(key));
    }
    return loaded;
  }

  unload(id: string): void {
    this.#loaded.delete(id.toLowerCase());
    this.#logs.delete(id.toLowerCase());
  }

  log(id: string, line: string): void {
    const lines = this.#logs.get(id.toLowerCase()) ?? [];
    lines.push(`${new Date(this.#context.clock.now()).toISOString()} ${line}`);
    this.#logs.set(id.toLowerCase(), lines.slice(-LOG_LINES));
  }

  /** The newest lines, oldest first. They do not outlive the process. */
  logs(id: string, tail = DEFAULT_TAIL): string {
    const lines = this.#logs.get(id.toLowerCase()) ?? [];
    return lines.slice(Math.max(0, lines.length - tail)).join("\n");
  }

  async #load({ id, properties }: Resource<DeploymentProperties>): Promise<Predict> {
    const folder = this.#paths.resolve(workspaceOf(id), properties.model ?? "", "models");
    const file = join(folder, "MLmodel");
    const read = MODEL_FILE.safeParse(parse(await readFile(file, "utf8")));
    if (!read.success)
      throw new Error(
        `${file} has no flavors.node_function.loader, expected one: no other flavor is served.`,
      );
    const { loader } = read.data.flavors.node_function;
    // Modules are kept by their URL: one URL per load keeps two versions of the same file apart.
    const url = `${pathToFileURL(join(folder, loader))}?load=${randomUUID()}`;
    const module: unknown = await import(/* @vite-ignore */ url);
    if (!hasLoad(module))
      throw new Error(`${loader} exports no function 'load', expected load(modelFolder).`);
    const predict: unknown = await module.load(folder);
    if (!isPredict(predict))
      throw new Error(`load of ${loader} answered no function, expected the one that scores requests.`);
    return predict;
  }
}

function hasLoad(module: unknown): module is { load(folder: string): unknown } {
  return (
    typeof module === "object" && module !== null && "load" in module && typeof module.load === "function"
  );
}

function isPredict(value: unknown): value is Predict {
  return typeof value === "function";
}
