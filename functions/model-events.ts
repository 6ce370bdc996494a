import { app, type InvocationContext } from "@azure/functions";
import { jsonText } from "../shared/inbox/json-bytes.ts";
import { parseSafely, type Receiving, receive } from "../shared/inbox/receive.ts";
import type { Services } from "../shared/services.ts";
import { parseModelEvent } from "../shared/signals/parse.ts";
import { services } from "./services.ts";

/** Door for Azure ML events: one event in, its signals out. What they call for is decided in reactions.ts. */
export async function modelEvents(
  event: unknown,
  context: InvocationContext,
  adapters: Receiving & Pick<Services, "config"> = services(),
): Promise<void> {
  const entry = await receive(
    "model-events",
    // The trigger hands over a value, not the bytes: this is the same event, written again.
    Buffer.from(jsonText(event ?? null)),
    parseSafely(() => parseModelEvent(event, adapters.config.workspace.id)),
    adapters,
  );
  context.info(`event ${entry.outcome}`, {
    id: entry.id,
    rule: entry.rule,
    signals: entry.signalIds,
    reason: entry.reason,
  });
}

app.eventGrid("modelEvents", { handler: (event, context) => modelEvents(event, context) });
