import { armError } from "../front/arm-error.ts";
import type { ServiceAnswer } from "../service.ts";

type Status = 429 | 500 | 503;

const WAIT = "Please try again later.";

/** Resource Manager's own words. */
const ARM: Record<Status, { code: string; message: string }> = {
  429: {
    code: "SubscriptionRequestsThrottled",
    message: `The number of requests for this subscription exceeded the limit. ${WAIT}`,
  },
  500: { code: "InternalServerError", message: `The server encountered an internal error. ${WAIT}` },
  503: { code: "ServiceUnavailable", message: `The service is temporarily unavailable. ${WAIT}` },
};
const REGISTRY: Record<Status, { code: string; message: string }> = {
  429: { code: "TOOMANYREQUESTS", message: "too many requests" },
  500: { code: "UNKNOWN", message: "unknown error" },
  503: { code: "UNAVAILABLE", message: "service unavailable" },
};
const MLFLOW: Record<Status, { error_code: string; message: string }> = {
  429: { error_code: "REQUEST_LIMIT_EXCEEDED", message: `The request limit is exceeded. ${WAIT}` },
  500: { error_code: "INTERNAL_ERROR", message: "An internal error occurred." },
  503: { error_code: "TEMPORARILY_UNAVAILABLE", message: `The service is temporarily unavailable. ${WAIT}` },
};

/** The answer with which the service behind this path fails: each words its errors in its own way. */
export function refusalOf(path: string, status: Status): ServiceAnswer {
  const lower = path.toLowerCase();
  if (/^\/(v2|acr\/v1|oauth2)(\/|$)/.test(lower)) {
    return { status, body: { errors: [{ ...REGISTRY[status], detail: null }] } };
  }
  if (lower.startsWith("/mlflow/")) return { status, body: MLFLOW[status] };
  if (lower.startsWith("/inference/")) {
    return {
      status,
      headers: { "content-type": "text/plain; charset=utf-8" },
      body: status === 429 ? "Too many pending requests." : ARM[status].message,
    };
  }
  if (lower === "/msi/token") {
    return { status, body: { statusCode: status, message: ARM[status].message } };
  }
  if (status === 429 && lower.startsWith("/providers/microsoft.resourcegraph/")) {
    const headers = { "x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:00:05" };
    const message = `Client application has been throttled. ${WAIT}`;
    return armError(429, "RateLimiting", message, headers);
  }
  return armError(status, ARM[status].code, ARM[status].message);
}
