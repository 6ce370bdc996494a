import { randomUUID } from "node:crypto";
import os from "node:os";
import type { Binding, FunctionDefinition, TypedData } from "../contract.ts";
import { messageOf } from "../errors.ts";
import { isType } from "../worker/registry.ts";
import { type Answer, html, json, text } from "./answer.ts";
import type { Key, KeyRing, KeyScope } from "./keys.ts";
import type { HostState } from "./state.ts";

export interface AdminRequest {
  readonly method: string;
  /** After `/admin/`, decoded. */
  readonly path: readonly string[];
  readonly body: string;
  readonly contentType: string;
  readonly origin: string;
}

/** ASP.NET reads a body only of a type that it has a reader for, and has none for an unnamed one. */
const isJson = ({ contentType }: AdminRequest): boolean =>
  /^(application|text)\/([\w.-]+\+)?json\s*(;|$)/i.test(contentType.trim());
const NOT_JSON = text(415, "Content-Type is missing or another, expected application/json.");

/** The management calls of a host that are worth having locally. Who may call them has been checked before. */
export async function handleAdmin(request: AdminRequest, host: HostState): Promise<Answer> {
  const { method } = request;
  const [area = "", ...rest] = request.path.map((part) => part.toLowerCase());
  if (area === "warmup") return { status: 200 };
  if (area === "host") return handleHost(request, rest, host);
  if (area !== "functions") return { status: 404 };
  const [name, part, key] = rest;
  if (name === undefined) {
    return method === "GET"
      ? json(
          200,
          host.functions.map((each) => describe(each, request.origin, host)),
        )
      : { status: 404 };
  }
  const definition = host.functions.find((each) => each.name.toLowerCase() === name);
  const error = [...host.indexingErrors].find(([failed]) => failed.toLowerCase() === name)?.[1];
  if (part === "status" && method === "GET" && (definition || error))
    return json(200, error ? { errors: [error] } : {});
  if (!definition) return { status: 404 };
  if (part === "keys") return handleKeys(request, `function:${name}`, key, host.keys);
  if (part !== undefined) return { status: 404 };
  if (method === "GET") return json(200, describe(definition, request.origin, host));
  if (method !== "POST") return { status: 404 };
  return ifOnline(host, () => runByHand(definition, request, host));
}

async function handleHost(request: AdminRequest, rest: readonly string[], host: HostState): Promise<Answer> {
  switch (`${request.method} ${rest.slice(0, 2).join("/")}`) {
    case "GET status":
      return json(200, status(host));
    case "POST drain":
      return drain(host);
    case "GET drain/status":
      return json(200, drainStatus(host));
    case "POST resume":
      return resume(host);
    case "PUT state":
      return isJson(request) ? setState(request.body, host) : NOT_JSON;
    case "POST synctriggers":
      return ifOnline(host, () => json(200, { status: "success" }));
  }
  const scope = KEY_SCOPES.get(rest[0] ?? "");
  return scope ? handleKeys(request, scope, rest[1], host.keys) : { status: 404 };
}

function ifOnline({ availability: { offlinePage } }: HostState, answer: () => Answer): Answer {
  return offlinePage === undefined ? answer() : html(503, offlinePage);
}

function drain({ availability }: HostState): Answer {
  availability.drain();
  return { status: 202 };
}

function drainStatus({ availability, worker }: HostState) {
  const state = !availability.isDraining ? "Disabled" : worker.running > 0 ? "InProgress" : "Completed";
  return { state, outstandingInvocations: worker.running, outstandingRetries: 0 };
}

async function resume({ availability }: HostState): Promise<Answer> {
  if (availability.state !== "Running") return { status: 409 };
  if (availability.isDraining) await availability.resume();
  return json(200, { state: availability.state });
}

/** Only these two can be asked for, in any case. */
async function setState(body: string, { availability, log }: HostState): Promise<Answer> {
  const wanted = /^\s*["'](\w+)["']\s*$/.exec(body)?.[1]?.toLowerCase();
  if (wanted !== "running" && wanted !== "offline") return { status: 400 };
  if (wanted === availability.state.toLowerCase()) return { status: 200 };
  try {
    if (wanted === "offline") availability.goOffline();
    else await availability.goOnline();
  } catch (error) {
    log(
      "error",
      "Host.General",
      `The state '${wanted}' cannot be kept in the app's folder: ${messageOf(error)}`,
    );
    return { status: 400 };
  }
  return { status: 202 };
}

const KEY_SCOPES: ReadonlyMap<string, KeyScope> = new Map([
  ["keys", "functionKeys"],
  ["functionkeys", "functionKeys"],
  ["systemkeys", "systemKeys"],
]);

function handleKeys(request: AdminRequest, scope: KeyScope, name: string | undefined, keys: KeyRing): Answer {
  if (request.method === "GET") {
    const found: Key[] = keys.list(scope);
    if (name === undefined) return json(200, { keys: found, links: [] });
    const master = scope === "systemKeys" ? [{ name: "_master", value: keys.master }] : [];
    const one = [...found, ...master].find((key) => key.name.toLowerCase() === name);
    return one ? json(200, one) : { status: 404 };
  }
  if (name === undefined) return { status: 404 };
  if (request.method === "DELETE") {
    if (name === "_master") return text(400, "Cannot delete System Key.");
    return { status: keys.remove(scope, name) ? 204 : 404 };
  }
  if (request.method !== "POST" && request.method !== "PUT") return { status: 404 };
  if (request.method === "PUT" && !isJson(request)) return NOT_JSON;
  const value = request.method === "PUT" ? stringField(request.body, "value") : undefined;
  // a key without characters would open the door to a request without one
  if (request.method === "PUT" && !value) return text(400, "Invalid key value");
  if (name === "_master") return json(200, keys.put("host", name, value));
  const isNew = !keys.list(scope).some((key) => key.name.toLowerCase() === name);
  return json(isNew ? 201 : 200, keys.put(scope, name, value));
}

/** Fires a function in the background, whatever its trigger: how a timer is run by hand. */
function runByHand(definition: FunctionDefinition, request: AdminRequest, host: HostState): Answer {
  if (!isJson(request)) return NOT_JSON;
  const { body } = request;
  if (body.trim() === "") return { status: 400 };
  const input = stringField(body, "input") ?? "";
  void host.worker.invoke({
    functionName: definition.name,
    reason: "This function was programmatically called via the host APIs.",
    triggerData: isType(definition.trigger, "timerTrigger")
      ? { json: host.timerValue(definition) }
      : triggerValue(definition.trigger, input),
  });
  return { status: 202 };
}

function triggerValue(trigger: Binding, input: string): TypedData {
  if (!isType(trigger, "httpTrigger")) return { string: input };
  const body = input === "" ? {} : { body: { bytes: Buffer.from(input) } };
  return { http: { method: "POST", url: "http://localhost/", headers: {}, params: {}, ...body } };
}

function stringField(body: string, field: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    const value =
      typeof parsed === "object" && parsed !== null
        ? Object.getOwnPropertyDescriptor(parsed, field)?.value
        : undefined;
    if (value === undefined || value === null) return undefined;
    return typeof value === "string" ? value : JSON.stringify(value);
  } catch {
    return undefined;
  }
}

const instanceId = randomUUID();

function status(host: HostState) {
  return {
    id: host.id,
    state: host.availability.state,
    version: host.version,
    versionDetails: host.version,
    platformVersion: "",
    instanceId,
    computerName: os.hostname(),
    processUptime: Math.round(process.uptime() * 1000),
    functionAppContentEditingState: "NotAllowed",
    extensionBundle: { id: "Microsoft.Azure.Functions.ExtensionBundle", version: "4.0.0" },
    ...(host.indexingErrors.size > 0 && { errors: [...host.indexingErrors.values()] }),
  };
}

function describe(definition: FunctionDefinition, origin: string, host: HostState) {
  const { name, bindings, trigger } = definition;
  const href = `${origin}/admin/functions/${name}`;
  const route = host.routes.find((each) => each.function.name === name);
  return {
    name,
    script_root_path_href: null,
    script_href: null,
    config_href: null,
    href,
    test_data_href: null,
    invoke_url_template: route ? `${origin}/${route.path}` : null,
    language: "node",
    config: { name, bindings },
    files: null,
    test_data: null,
    isDisabled: host.disabled.has(name),
    isDirect: isType(trigger, "httpTrigger"),
    isProxy: false,
  };
}
