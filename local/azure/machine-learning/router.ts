import type * as z from "zod";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import { Refusal } from "./refusal.ts";

/** A request that has found its workspace. */
export interface Call {
  readonly request: ServiceRequest;
  /** Resource id of the workspace, in its own casing. */
  readonly workspace: string;
  readonly workspaceName: string;
  readonly apiVersion: string;
}

/** Takes the names that stand for `*` in its pattern, in order. */
export type Handler = (call: Call, ...names: string[]) => ServiceAnswer | Promise<ServiceAnswer>;

interface Route {
  readonly method: string;
  readonly pattern: readonly string[];
  readonly handler: Handler;
}

/** Routes below a workspace. Literal segments match in any case, `*` matches any one name. */
export class Router {
  readonly #routes: Route[] = [];

  on(method: string, pattern: string, handler: Handler): this {
    this.#routes.push({ method, pattern: pattern.toLowerCase().split("/").filter(Boolean), handler });
    return this;
  }

  /** @throws {Refusal} 404 when nothing matches, 405 when only the method does not */
  route(call: Call, rest: readonly string[]): ServiceAnswer | Promise<ServiceAnswer> {
    const matching = this.#routes.filter(({ pattern }) => matches(pattern, rest));
    const found = matching.find(({ method }) => method === call.request.method);
    if (found) return found.handler(call, ...rest.filter((_, index) => found.pattern[index] === "*"));
    if (matching.length === 0) {
      throw new Refusal(
        404,
        "ResourceNotFound",
        `'${rest.join("/")}' is nothing that this workspace answers for.`,
      );
    }
    const allowed = matching.map(({ method }) => method).join(", ");
    throw new Refusal(
      405,
      "MethodNotAllowed",
      `${call.request.method} is not possible on '${rest.join("/")}', expected one of ${allowed}.`,
      { headers: { allow: allowed } },
    );
  }
}

function matches(pattern: readonly string[], rest: readonly string[]): boolean {
  return (
    pattern.length === rest.length &&
    pattern.every((part, index) => part === "*" || part === rest[index]?.toLowerCase())
  );
}

/** @throws {Refusal} 400 naming the field that is missing or wrong */
export function readBody<T>(request: ServiceRequest, schema: z.ZodType<T>): T {
  const read = schema.safeParse(readJson(request));
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) => `${path.join(".") || "body"}: ${message}`);
  throw new Refusal(400, "UserError", `The request is invalid. ${problems.join("; ")}`, {
    detail: "InvalidRequestContent",
  });
}

/** @throws {Refusal} 400 when the body is not JSON */
export function readJson(request: ServiceRequest): unknown {
  try {
    return JSON.parse(Buffer.from(request.body).toString("utf8") || "null");
  } catch (error) {
    throw new Refusal(400, "InvalidRequestContent", `The request body is not valid JSON: ${String(error)}.`);
  }
}
