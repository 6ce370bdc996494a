import type * as z from "zod";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import { armError } from "./arm-error.ts";

const API_VERSION = /^\d{4}-\d{2}-\d{2}(-preview)?$/;

export type Authenticate = (headers: Readonly<Record<string, string>>) => boolean;

/** What Resource Manager answers before any provider is asked; `undefined` when the request may go on. */
export function refusedByGateway(
  { headers, query }: ServiceRequest,
  authenticate: Authenticate,
): ServiceAnswer | undefined {
  if (!authenticate(headers)) {
    const message = "The access token is missing, invalid or expired.";
    return armError(401, "InvalidAuthenticationToken", message, {
      "www-authenticate": 'Bearer error="invalid_token"',
    });
  }
  const version = query.get("api-version");
  if (!version)
    return armError(
      400,
      "MissingApiVersionParameter",
      "The api-version query parameter (?api-version=) is required for all requests.",
    );
  if (!API_VERSION.test(version))
    return armError(
      400,
      "InvalidApiVersionParameter",
      `The api-version '${version}' is invalid, expected a date such as 2022-06-15.`,
    );
  return undefined;
}

/** The body as its schema has it, or a sentence on the first field that is wrong. */
export function readArmBody<T>(schema: z.ZodType<T>, bytes: Uint8Array): { value: T } | { refused: string } {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return { refused: "The request body is not JSON." };
  }
  const read = schema.safeParse(body);
  if (read.success) return { value: read.data };
  const [issue] = read.error.issues;
  return {
    refused: `The field '${issue?.path.join(".") ?? ""}' is invalid: ${issue?.message ?? "unknown"}.`,
  };
}

export function notFound(id: string): ServiceAnswer {
  return armError(404, "ResourceNotFound", `The resource '${id}' was not found.`);
}

export function methodNotAllowed(method: string): ServiceAnswer {
  return armError(405, "MethodNotAllowed", `The method ${method} is not allowed on this resource.`);
}
