import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HttpRequest, type HttpRequestInit, InvocationContext } from "@azure/functions";
import { ServiceBusClient } from "@azure/service-bus";
import { startBroker } from "../../local/azure/broker/index.ts";
import { startStorage } from "../../local/azure/storage/index.ts";
import { ManualClock } from "../../local/clock.ts";
import { SIGNAL_QUEUE } from "../../shared/azure/signal-queue.ts";
import { readConfig } from "../../shared/config.ts";
import { openServices, type Services } from "../../shared/services.ts";
import { fromCloudEvent } from "../../shared/signals/cloud-event.ts";
import type { Signal } from "../../shared/signals/signal.ts";

export interface Adapters {
  readonly services: Services;
  readonly clock: ManualClock;
  /** What the queue gives up, oldest first; waits for so many, and shortly for one too many. */
  queued(session: string, most: number): Promise<Signal[]>;
  /** Signals that the queue holds, duplicates dropped. */
  held(): number;
  stopBroker(): Promise<void>;
  stop(): Promise<void>;
}

export const WORKSPACE =
  "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w";

/**
 * The real adapters, with their real clients, over stand-ins that speak the real protocols. Noon, 5 March 2024.
 *
 * @param storageRefuses - gives the app a wrong key, so that nothing can be stored
 */
export async function startAdapters({ storageRefuses = false } = {}): Promise<Adapters> {
  const data = mkdtempSync(join(tmpdir(), "outerloop-doors-"));
  const storage = await startStorage({ port: 0, data });
  const broker = await startBroker({
    port: 0,
    file: join(data, "broker.sqlite"),
    config: {
      queues: [
        { name: SIGNAL_QUEUE, properties: { RequiresSession: true, RequiresDuplicateDetection: true } },
      ],
      eventHubs: [],
    },
  });
  const clock = new ManualClock(Date.UTC(2024, 2, 5, 12));
  const opened = openServices(
    readConfig({
      OUTERLOOP_ML_WORKSPACE: WORKSPACE,
      OUTERLOOP_PUBLIC_URL: "https://outerloop.example",
      OUTERLOOP_LINK_KEY: "k".repeat(32),
      OUTERLOOP_MAIL_ENDPOINT: "https://mail.example",
      OUTERLOOP_MAIL_SENDER: "outerloop@example.com",
      OUTERLOOP_STORAGE: storageRefuses
        ? storage.connectionString.replace(/AccountKey=[^;]*/, `AccountKey=${btoa("another key")}`)
        : storage.connectionString,
      OUTERLOOP_SERVICE_BUS: broker.serviceBusConnectionString,
    }),
  );
  const reader = new ServiceBusClient(broker.serviceBusConnectionString);
  return {
    services: { ...opened, now: () => new Date(clock.now()) },
    clock,
    async queued(session, most) {
      const receiver = await reader.acceptSession(SIGNAL_QUEUE, session, { receiveMode: "receiveAndDelete" });
      const messages = await receiver.receiveMessages(most, { maxWaitTimeInMs: 1_000 });
      await receiver.close();
      return messages.map(({ body }) => fromCloudEvent(body));
    },
    held: () => broker.stats().messagesHeld ?? 0,
    stopBroker: () => broker.stop(),
    async stop() {
      await reader.close();
      await opened.signals.close();
      await broker.stop();
      await storage.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** A request as the Functions host builds it. */
export function request(
  path: string,
  init: Pick<HttpRequestInit, "params" | "headers"> & { body?: string | Uint8Array } = {},
): HttpRequest {
  const { body, ...rest } = init;
  return new HttpRequest({
    ...rest,
    method: body === undefined ? "GET" : "POST",
    url: `http://localhost${path}`,
    ...(body === undefined ? {} : { body: { bytes: Buffer.from(body) } }),
  });
}

export const context = () =>
  new InvocationContext({ functionName: "test", invocationId: "test", logHandler: () => {} });
