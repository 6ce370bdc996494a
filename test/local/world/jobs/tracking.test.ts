import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { trackingFrom } from "../../../../local/world/jobs/tracking.ts";

/** A tracking server that gives one answer after another; null drops the connection. */
async function tracked(...answers: (number | null)[]) {
  const bodies: unknown[] = [];
  const server = createServer(async (request, response) => {
    bodies.push(await json(request));
    const status = answers.shift();
    if (typeof status === "number") response.writeHead(status, { "retry-after": "0" }).end("told so");
    else request.socket.destroy();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { bodies, tracking: trackingFrom({ MLFLOW_TRACKING_URI: uri, MLFLOW_RUN_ID: "run-1" }) };
}

test("figures that were throttled, or met a server that broke or was gone, are sent again as they are", async () => {
  const { bodies, tracking } = await tracked(null, 429, 503, 200);
  await tracking.logMetrics({ rmse: 4.2 });
  const metrics = [{ key: "rmse", value: 4.2, timestamp: expect.any(Number), step: 0 }];
  expect(bodies).toEqual(
    Array.from({ length: 4 }, () => ({ run_id: "run-1", metrics, params: [], tags: [] })),
  );
  expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
});

test("a server that stays broken fails the job after four tries, with what it said", async () => {
  const { bodies, tracking } = await tracked(500, 500, 500, 500);
  await expect(tracking.setTag("a", "b")).rejects.toThrow(
    "MLflow answered 500 to runs/set-tag of run 'run-1', expected 200: told so",
  );
  expect(bodies).toHaveLength(4);
});

test("what the server refuses is not sent again", async () => {
  const { bodies, tracking } = await tracked(404);
  await expect(tracking.setTag("a", "b")).rejects.toThrow("MLflow answered 404");
  expect(bodies).toHaveLength(1);
});
