/** Opens the durable engine for apps that use it, and the loopback door its clients call. */
import path from "node:path";
import type { FunctionDefinition } from "./contract.ts";
import type { DurableExtension, DurableOptions, OpenDurableExtension } from "./durable-extension.ts";
import { messageOf } from "./errors.ts";
import { listen } from "./http/listen.ts";
import { absoluteUrl, flatHeaders, readBody } from "./http/request.ts";
import { send } from "./http/server.ts";
import { isType } from "./worker/registry.ts";

const DURABLE_TYPES = ["orchestrationTrigger", "activityTrigger", "entityTrigger", "durableClient"];
const RPC_PREFIX = "/durabletask/";

export function usesDurable(functions: readonly FunctionDefinition[]): boolean {
  return functions.some(({ bindings }) =>
    bindings.some((binding) => DURABLE_TYPES.some((type) => isType(binding, type))),
  );
}

/** @param dataFolder - where the engine keeps `durable.sqlite` */
export async function openDurable(
  dataFolder: string,
  options: Omit<DurableOptions, "file">,
): Promise<DurableExtension> {
  const { openDurableExtension }: { openDurableExtension: OpenDurableExtension } = await import(
    "./durable/index.ts"
  );
  return openDurableExtension({ ...options, file: path.join(dataFolder, "durable.sqlite") });
}

/** The RPC door for the app's own durable client: a loopback listener on a free port, without keys. */
export async function openRpcDoor(durable: DurableExtension, log: DurableOptions["log"]) {
  const door = await listen(0, async (request, response) => {
    try {
      const url = absoluteUrl(request);
      if (!url.pathname.startsWith(RPC_PREFIX)) return send(response, { status: 404 });
      const answer = await durable.handle({
        method: request.method ?? "GET",
        path: url.pathname.slice(RPC_PREFIX.length),
        query: url.searchParams,
        headers: flatHeaders(request),
        body: (await readBody(request)).toString("utf8"),
        url: url.href,
      });
      send(response, answer);
    } catch (error) {
      log("error", "Host.DurableTask", `${request.method} ${request.url}: ${messageOf(error)}`);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    }
  });
  return { rpcBaseUrl: `http://127.0.0.1:${door.port}${RPC_PREFIX}`, close: door.close };
}
