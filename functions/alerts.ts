import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from "@azure/functions";
import { parseSafely, type Receiving, receive } from "../shared/inbox/receive.ts";
import { type PayloadDoor, parseAtDoor } from "../shared/signals/doors.ts";
import { readBody } from "./body.ts";
import { json, problem } from "./http.ts";
import { services } from "./services.ts";

/** The largest body that an action group sends, in bytes. */
export const MOST_ALERT_BYTES = 256 * 1024;

/** An action group gives up on a door after about ten seconds: it is answered before that. */
const PATIENCE_MS = 8_000;

/** Action groups wait a time of their own; other senders are told. */
const RETRY_AFTER_SECONDS = "30";

/**
 * One alert in, its signals out. Action groups try again after 408, 429, 503 and 504 alone, so what could not be read
 * is kept and answered with success, and only what could not be stored is answered 503.
 */
export async function takeAlert(
  door: PayloadDoor,
  request: HttpRequest,
  context: InvocationContext,
  adapters: Receiving = services(),
): Promise<HttpResponseInit> {
  const bytes = await readBody(request, MOST_ALERT_BYTES);
  if (bytes === null) {
    return problem(
      413,
      "Too large",
      `The body has more than ${MOST_ALERT_BYTES} bytes, the most that an action group sends: none of it was read.`,
    );
  }
  const parsed = parseSafely(() => parseAtDoor(door, bytes, adapters.now()));
  try {
    const { id, outcome, signalIds, rule, reason, field } = await inTime(
      receive(door, bytes, parsed, adapters),
    );
    context.info(`alert ${outcome}`, { id, rule, signals: signalIds, reason });
    return json(
      reason === null ? { id, outcome, signalIds } : { id, outcome, signalIds, reason, field },
      202,
    );
  } catch (error) {
    context.error("alert not stored", error);
    const refusal = problem(503, "Not stored", "The alert could not be stored: send it again.");
    return { ...refusal, headers: { ...refusal.headers, "retry-after": RETRY_AFTER_SECONDS } };
  }
}

/** Storing goes on behind an answer that came too soon; the sender's next try is then a duplicate. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const tooLate = () => reject(new Error(`It took longer than ${PATIENCE_MS} ms to store the alert.`));
  const timer = setTimeout(tooLate, PATIENCE_MS);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

/** Door for Azure Monitor's action groups: the common alert schema and the legacy ones. */
export const monitorAlerts = (request: HttpRequest, context: InvocationContext) =>
  takeAlert("alerts", request, context);

/** Door for the budgets of Cost Management, in both of their schemas. */
export const budgetAlerts = (request: HttpRequest, context: InvocationContext) =>
  takeAlert("budget", request, context);

const DOOR = { methods: ["POST" as const], authLevel: "function" as const };

app.http("monitorAlerts", { ...DOOR, route: "api/alerts/monitor", handler: monitorAlerts });
app.http("budgetAlerts", { ...DOOR, route: "api/alerts/budget", handler: budgetAlerts });
