import { readFile } from "node:fs/promises";
import { beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { approve } from "../../local/demo/approver.ts";
import { findMail } from "../../local/demo/story.ts";
import { type Loop, START_WITHIN_MS, startLoop } from "./loop-system.ts";

const Models = z.object({
  value: z.array(z.looseObject({ model: z.string(), operations: z.array(z.unknown()) })),
});

let loop: Loop;

beforeAll(async () => {
  // The repository's own policy: its bakes are long enough to happen something in.
  loop = await startLoop({}, "policy.yaml");
  return loop.stop;
}, START_WITHIN_MS);

test("an alert about the endpoint, while traffic moves, calls the rollout back before anything else", async () => {
  const { system, witness } = loop;
  const mail = await witness.until("the approval mail arrives", () =>
    findMail(system.addresses, "Approve weather-max version 1 "),
  );
  await approve(mail, "");
  await witness.until("version 1 serves", async () => {
    const answer = await fetch(`${system.addresses.host}/api/operations/promotion-weather-max-1`);
    const { sentence } = (await answer.json()) as { sentence?: string };
    return sentence?.startsWith("Version 1 of weather-max serves 100 %") || undefined;
  });

  const fixture = "test/fixtures/events/alert-common-metric-multi-dimension-ml-endpoint-fired-derived.json";
  const body = (await readFile(fixture, "utf8")).replaceAll(
    /onlineEndpoints\/[A-Za-z0-9-]+/gi,
    "onlineEndpoints/weather-max",
  );
  const alert = await fetch(`${system.addresses.host}/api/alerts/monitor`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  expect(alert.status).toBe(202);

  const ended = await witness.entry("the promotion ends", ({ kind }) => kind === "outcome");
  expect(ended.summary).toMatch(/^Version 1 of weather-max was rolled back: Endpoint weather-max/);
  const left = await witness.until("the promotion has left the model's queue", async () => {
    const states = await (await fetch(`${system.addresses.host}/api/models`)).json();
    const [state] = Models.parse(states).value;
    return state?.operations.length === 0 ? state : undefined;
  });
  expect(left).toMatchObject({ model: "weather-max", champion: null });
}, 90_000);
