import type { ServiceRequest } from "../service.ts";
import { ORGANIZATION, PROJECT } from "./organization.ts";
import { DevOpsRefusal } from "./refusal.ts";

/** The version is in the query, or a parameter of the Accept header; what reads may leave it out. */
export function versionOf({ query, headers }: ServiceRequest): string | undefined {
  return query.get("api-version") ?? /api-version=([\w.-]+)/i.exec(headers.accept ?? "")?.[1];
}

export function baseOf({ origin }: ServiceRequest): string {
  return `${origin}/${ORGANIZATION}/${PROJECT.id}/_apis`;
}

/** @throws {DevOpsRefusal} 400 for what is no JSON */
export function readJson({ body }: ServiceRequest): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString("utf8") || "null");
  } catch (error) {
    throw new DevOpsRefusal(
      400,
      "JsonReaderException",
      `The request body is not valid JSON: ${String(error)}`,
    );
  }
}
