import { randomUUID } from "node:crypto";
import path from "node:path";
import { type Clock, systemClock } from "../../clock.ts";
import type { StrikeEvent } from "../faults/faults.ts";
import { armError } from "../front/arm-error.ts";
import type { RaiseEvent, Service, ServiceAnswer, ServiceRequest } from "../service.ts";
import { createArm } from "./arm.ts";
import { Courier } from "./courier.ts";
import { EventGridStore } from "./store.ts";
import { Undertaker, type WriteBlob } from "./undertaker.ts";
import { Validation } from "./validation.ts";
import { announceDeletion } from "./webhook.ts";

export interface EventGridOptions {
  /** Folder of its SQLite file. */
  readonly data: string;
  readonly authenticate: (headers: Readonly<Record<string, string>>) => boolean;
  readonly clock?: Clock;
  /** Factor on every wait between two attempts; 1 is Azure's schedule, which starts with 10 s. */
  readonly retryScale?: number;
  /** 0 to 1, for the small differences between waits. */
  readonly random?: () => number;
  /** Events delivered twice, late or out of order, on demand. */
  readonly strike?: StrikeEvent;
  /** Where dead letters go, for subscriptions that name a container. */
  readonly writeBlob?: WriteBlob;
  readonly log?: (level: "info" | "error", message: string) => void;
}

export interface EventGrid {
  readonly service: Service;
  readonly raise: RaiseEvent;
}

const noStorage: WriteBlob = async () => {
  throw new Error("this Event Grid was started without storage");
};

const DEAD_LETTERS_SHOWN = 1000;

/** Event Grid: keeps what is raised until each subscriber has taken it, on Azure's terms. */
export function createEventGrid(options: EventGridOptions): EventGrid {
  const { data, authenticate, clock = systemClock, retryScale = 1, log = () => {} } = options;
  const store = new EventGridStore(path.join(data, "event-grid.sqlite"));
  const { writeBlob = noStorage, random = Math.random } = options;
  const undertaker = new Undertaker({ burials: store.burials, clock, retryScale, writeBlob, log });
  const courier = new Courier({ store, clock, retryScale, random, log, onBuried: () => undertaker.wake() });
  const validation = new Validation({ store, clock, retryScale, log, onSucceeded: () => courier.wake() });
  const farewells = new Set<Promise<void>>();
  const stopping = new AbortController();
  const arm = createArm({
    store,
    authenticate,
    onUnvalidated: (subscription) => validation.begin(subscription),
    onDeleted: (subscription) => {
      if (subscription.properties.eventDeliverySchema === "CloudEventSchemaV1_0") return;
      const told = announceDeletion(subscription, clock, stopping.signal).finally(() =>
        farewells.delete(told),
      );
      farewells.add(told);
    },
  });

  for (const subscription of store.subscriptions()) {
    // The stop, or the crash, came in the middle of the handshake: it starts over.
    if (subscription.state !== "Succeeded" && subscription.state !== "Failed") validation.begin(subscription);
  }
  courier.wake();
  undertaker.wake();

  function raise(event: Parameters<RaiseEvent>[0]): void {
    const now = clock.now();
    const eventTime = event.eventTime ?? new Date(now).toISOString();
    store.addEvent({ ...event, eventTime, id: randomUUID() }, now, options.strike?.(event.eventType));
    courier.wake();
  }

  async function handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    if (request.segments[0] !== "_eventgrid") return arm(request);
    if (request.method === "GET" && request.segments[1] === "deadletters") {
      return { status: 200, body: store.deadLetters(DEAD_LETTERS_SHOWN) };
    }
    if (request.method === "GET" && request.segments[1] === "validate") {
      const { query } = request;
      const isConfirmed = validation.confirm(query.get("id") ?? "", query.get("code") ?? "");
      if (isConfirmed)
        return { status: 200, body: "Webhook successfully validated as a subscription endpoint." };
      return armError(400, "BadRequest", "The validation URL names no subscription, or another code.");
    }
    return undefined;
  }

  async function stop(): Promise<void> {
    stopping.abort();
    await Promise.all([courier.stop(), validation.stop(), ...farewells]);
    await undertaker.stop();
    store.close();
  }

  return { raise, service: { name: "event-grid", handle, stats: () => store.counts(), stop } };
}
