import type { RequestLog, ServiceAnswer, ServiceRequest } from "../service.ts";

/** The traffic log cuts the user agent off here. */
const USER_AGENT_LENGTH = 70;
const MODEL_ERROR = 424;

/** A scoring request as the traffic log of its endpoint tells it: in Azure the endpoint has a host of its own. */
export function requestLog(
  { method, headers, body }: ServiceRequest,
  answer: ServiceAnswer,
  requestId: string,
  authType: RequestLog["authType"],
): RequestLog {
  const sent = answer.body;
  return {
    method,
    path: "/score",
    protocol: "HTTP/1.1",
    authType,
    requestBytes: body.byteLength,
    responseBytes: typeof sent === "string" || sent instanceof Uint8Array ? Buffer.byteLength(sent) : 0,
    userAgent: (headers["user-agent"] ?? "").slice(0, USER_AGENT_LENGTH),
    requestId,
    clientRequestId: headers["x-ms-client-request-id"] ?? "",
    reason: answer.status === MODEL_ERROR ? "model error" : "",
    modelReason: readReason(answer.headers?.["ms-azureml-model-error-reason"] ?? ""),
  };
}

/** The header is cut off at a length, perhaps in the middle of an escape. */
function readReason(header: string): string {
  const whole = header.replace(/(%[0-9A-F]{0,2})*$/i, "");
  for (const text of [header, whole]) {
    try {
      return decodeURI(text);
    } catch {}
  }
  return header;
}
