import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import * as z from "zod";
import { ROLLBACK_EVENT } from "../orchestrations/rollout/types.ts";
import type { Operation } from "../shared/operations/operation-store.ts";
import type { TimelineRow } from "../shared/operations/timeline.ts";
import type { Services } from "../shared/services.ts";
import { type InstanceView, readInstance } from "./history.ts";
import { json, problem } from "./http.ts";
import { clientOf, durableClient } from "./register.ts";
import { services } from "./services.ts";

/** Children have ids made from their parent's: each part that may have been reached. */
const PARTS = ["-evaluation", "-evaluation-qualityCheck", "-evaluation-smokeCheck", "-approval", "-rollout"];

export interface OperationView {
  readonly operation: Operation;
  readonly runtimeStatus: string;
  readonly sentence: string;
  readonly timeline: readonly TimelineRow[];
  readonly children: readonly Operation[];
}

/** One operation as the console and the API show it: its own steps and those of its parts, in order of time. */
export async function viewOperation(
  id: string,
  client: DurableClient,
  { operations }: Services,
): Promise<OperationView | null> {
  const all = await operations.all();
  const operation = all.find((one) => one.id === id);
  if (!operation) return null;
  const [own, ...parts] = await Promise.all(
    ["", ...PARTS].map((part) => readInstance(client, `${id}${part}`)),
  );
  const timeline = [own, ...parts].flatMap((view) => view?.timeline ?? []);
  return {
    operation,
    runtimeStatus: own?.runtimeStatus ?? "Purged",
    sentence: operation.outcome === null ? currentSentence(own, parts) : operation.sentence,
    timeline: timeline.sort((a, b) => a.at.localeCompare(b.at)),
    children: all.filter(({ parent }) => parent === id),
  };
}

/** A part that runs knows best where things stand. */
function currentSentence(
  own: InstanceView | null | undefined,
  parts: readonly (InstanceView | null)[],
): string {
  const running = parts.find((part) => part?.runtimeStatus === "Running" && part.sentence !== null);
  return running?.sentence ?? own?.sentence ?? "It is being started.";
}

/** All operations, newest first; those under way say where they stand now. */
export async function operationsNow(client: DurableClient, { operations }: Services): Promise<Operation[]> {
  const all = await operations.all();
  return Promise.all(
    all.map(async (operation) => {
      if (operation.outcome !== null) return operation;
      const [own, ...parts] = await Promise.all(
        ["", ...PARTS].map((part) => readInstance(client, `${operation.id}${part}`)),
      );
      return { ...operation, sentence: currentSentence(own, parts) };
    }),
  );
}

export async function listOperations(_: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> {
  return json({ value: await operationsNow(clientOf(context), services()) });
}

export async function getOperation(
  request: HttpRequest,
  context: InvocationContext,
): Promise<HttpResponseInit> {
  const id = request.params.id ?? "";
  const view = await viewOperation(id, clientOf(context), services());
  return view ? json(view) : noSuchOperation(id);
}

const Reason = z.object({ reason: z.string().trim().min(1), by: z.email() });

/** Calls a rollout back, while it climbs or while the previous version stays warm. */
export async function rollBack(request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> {
  const { operations, ledger } = services();
  const id = request.params.id ?? "";
  const operation = await operations.get(id);
  if (!operation) return noSuchOperation(id);
  const body = Reason.safeParse(await request.json().catch(() => null));
  if (!body.success) {
    return problem(400, "Not understood", "Send JSON with `reason`, a text, and `by`, your e-mail address.");
  }
  if (operation.kind !== "promotion" || operation.outcome !== null) {
    return problem(
      409,
      "Nothing to roll back",
      `Operation '${id}' is no promotion under way: ${operation.sentence}`,
    );
  }
  await ledger.append(`${id}/rollback-asked`, {
    kind: "step",
    summary: `${body.data.by} called the rollout back: ${body.data.reason}`,
    actor: body.data.by,
    model: operation.model,
    operation: id,
    evidence: {},
  });
  const client = clientOf(context);
  for (const instance of [`${id}-rollout`, id]) {
    const view = await readInstance(client, instance);
    if (view?.runtimeStatus === "Running") {
      await client.raiseEvent(instance, ROLLBACK_EVENT, {
        because: `${body.data.by} called it back: ${body.data.reason}`,
      });
      return json({ operation: id, asked: instance }, 202);
    }
  }
  return problem(409, "Nothing to roll back", `Operation '${id}' runs no longer.`);
}

function noSuchOperation(id: string): HttpResponseInit {
  return problem(404, "No such operation", `There is no operation '${id}'. GET /api/operations lists them.`);
}

app.http("listOperations", {
  route: "api/operations",
  methods: ["GET"],
  authLevel: "function",
  extraInputs: [durableClient],
  handler: listOperations,
});
app.http("getOperation", {
  route: "api/operations/{id}",
  methods: ["GET"],
  authLevel: "function",
  extraInputs: [durableClient],
  handler: getOperation,
});
app.http("rollBack", {
  route: "api/operations/{id}/rollback",
  methods: ["POST"],
  authLevel: "function",
  extraInputs: [durableClient],
  handler: rollBack,
});
