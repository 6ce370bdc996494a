import { randomUUID } from "node:crypto";
import type { ServiceAnswer } from "../service.ts";

/** The OAuth 2.0 error that each of Entra ID's codes is given with, and the status at the token endpoint. */
const ERRORS = {
  28000: ["invalid_scope", 400],
  50011: ["invalid_request", 400],
  50058: ["login_required", 400],
  50147: ["invalid_request", 400],
  54005: ["invalid_grant", 400],
  65004: ["access_denied", 400],
  70000: ["invalid_grant", 400],
  70003: ["unsupported_grant_type", 400],
  70005: ["unsupported_response_type", 400],
  70007: ["invalid_request", 400],
  70008: ["invalid_grant", 400],
  70011: ["invalid_scope", 400],
  90002: ["invalid_request", 400],
  90013: ["invalid_request", 400],
  90023: ["invalid_request", 400],
  500011: ["invalid_resource", 400],
  500112: ["invalid_client", 400],
  500113: ["invalid_request", 400],
  501481: ["invalid_grant", 400],
  650053: ["invalid_client", 400],
  700016: ["unauthorized_client", 400],
  700054: ["unsupported_response_type", 400],
  900144: ["invalid_request", 400],
  1002012: ["invalid_scope", 400],
  7000215: ["invalid_client", 401],
  7000218: ["invalid_client", 401],
  9002313: ["invalid_grant", 400],
} as const satisfies Record<number, readonly [string, number]>;

export type AadstsCode = keyof typeof ERRORS;

/**
 * A refusal of the sign-in service, worded as Entra ID words it.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
export class AadstsError extends Error {
  override name = "AadstsError";
  readonly code: AadstsCode;

  constructor(code: AadstsCode, message: string) {
    super(message);
    this.code = code;
  }

  /** The error of RFC 6749 that goes with it. */
  get error(): string {
    return ERRORS[this.code][0];
  }

  /** The first line, as on Entra ID's own page and in `error_description`. */
  get line(): string {
    return `AADSTS${this.code}: ${this.message}`;
  }
}

/** The body of a refusal at the token endpoint. */
export function tokenRefusal(error: AadstsError, now: number, origin: string): ServiceAnswer {
  const traceId = randomUUID();
  const correlationId = randomUUID();
  const timestamp = `${new Date(now).toISOString().slice(0, 19).replace("T", " ")}Z`;
  return {
    status: ERRORS[error.code][1],
    headers: { "cache-control": "no-store", pragma: "no-cache" },
    body: {
      error: error.error,
      error_description: `${error.line} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
      error_codes: [error.code],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
      error_uri: `${origin}/error?code=${error.code}`,
    },
  };
}
