import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { createDelivery, type Delivery } from "../../../../local/azure/delivery/index.ts";
import { ensureCertificates } from "../../../../local/azure/front/certificates.ts";
import { type Front, startFront } from "../../../../local/azure/front/index.ts";
import type { Service } from "../../../../local/azure/service.ts";
import { ManualClock } from "../../../../local/clock.ts";

/** GitHub and Azure DevOps on a clock of the test's own, empty before each test. */
export interface Scene {
  readonly origin: string;
  readonly clock: ManualClock;
  readonly delivery: Delivery;
  /** Stops and starts anew on the same data. */
  restart(): Promise<void>;
}

export function useDelivery(): Scene {
  let folder: string;
  let front: Front;
  let data: string;
  let clock: ManualClock;
  let delivery: Delivery;
  const open = () =>
    createDelivery({
      data,
      clock,
      origin: () => `http://localhost:${front.port}`,
      authenticate: (headers) => headers.authorization === "Bearer entra",
      times: { queuedMs: 2_000, runningMs: 20_000 },
    });

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "delivery-"));
    const tls = await ensureCertificates(folder, Date.now());
    const service: Service = { name: "d", handle: (request) => delivery.service.handle(request) };
    front = await startFront({ port: 0, tls, services: [service] });
  });
  afterAll(async () => {
    await front.stop();
    await rm(folder, { recursive: true });
  });
  beforeEach(async () => {
    data = await mkdtemp(path.join(folder, "data-"));
    clock = new ManualClock(Date.UTC(2026, 0, 1, 12));
    delivery = open();
  });
  afterEach(() => delivery.service.stop?.());

  return {
    get origin() {
      return `http://localhost:${front.port}`;
    },
    get clock() {
      return clock;
    },
    get delivery() {
      return delivery;
    },
    async restart() {
      await delivery.service.stop?.();
      delivery = open();
    },
  };
}
