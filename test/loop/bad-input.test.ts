import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SignJWT } from "jose";
import { beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { decisionOf } from "../../local/demo/evidence.ts";
import { findMail } from "../../local/demo/story.ts";
import type { Witness } from "../../local/demo/witness.ts";
import { type System, startSystem } from "../../local/system/system.ts";
import { QUICK, START_WITHIN_MS, startLoop } from "./loop-system.ts";

const Inbox = z.object({
  value: z.array(
    z.looseObject({
      id: z.string(),
      outcome: z.string(),
      rule: z.string(),
      reason: z.string().nullable(),
      field: z.string().nullable(),
    }),
  ),
});
let folder: string;
let system: System;
let witness: Witness;

beforeAll(async () => {
  const loop = await startLoop();
  ({ folder, system, witness } = loop);
  return loop.stop;
}, START_WITHIN_MS);

const workspace = () => system.cloud.workspaceId;
const event = (id: string, eventType: string, subject: string, data: unknown) => ({
  id,
  topic: workspace(),
  subject,
  eventType: `Microsoft.MachineLearningServices.${eventType}`,
  eventTime: "2026-03-01T12:00:00Z",
  data,
  dataVersion: "1",
  metadataVersion: "1",
});

/** Delivers a body to the door as Event Grid does. */
function deliver(body: string): Promise<Response> {
  return fetch(`${system.addresses.host}/runtime/webhooks/eventgrid?functionName=modelEvents`, {
    method: "POST",
    headers: { "content-type": "application/json", "aeg-event-type": "Notification" },
    body,
  });
}

/** The newest inbox entry that fits. */
async function inboxEntry(fits: (entry: z.infer<typeof Inbox>["value"][number]) => boolean) {
  return witness.until("the inbox has the entry", async () => {
    const answer = await fetch(`${system.addresses.host}/api/inbox`);
    return Inbox.parse(await answer.json()).value.find(fits);
  });
}

test("an Event Grid body that is not JSON is answered 500 by the host, so that Event Grid tries again and keeps it at last", async () => {
  const answer = await deliver("this is no JSON");
  expect(answer.status).toBe(500);
  expect(await answer.text()).toMatch(/JSON/);
});

test("an event of an unknown type is kept as ignored, by a named rule with a reason", async () => {
  expect((await deliver(JSON.stringify([event("u-1", "SomethingNew", "x/y", {})]))).status).toBe(202);
  const entry = await inboxEntry(({ reason }) => reason?.includes("SomethingNew") ?? false);
  expect(entry).toMatchObject({ outcome: "ignored", field: null });
  expect(entry.rule).not.toBe("");
});

test("an event that cannot be read is kept as rejected, and names the field and what was expected", async () => {
  const broken = event("r-1", "ModelRegistered", "", { ModelVersion: 3 });
  expect((await deliver(JSON.stringify([broken]))).status).toBe(202);
  const entry = await inboxEntry(({ outcome }) => outcome === "rejected");
  expect(entry.field).toMatch(/ModelName/i);
  expect(entry.reason).not.toBe("");
});

test("a model without a policy is recorded, with the reason why nothing happens", async () => {
  const registered = event("n-1", "ModelRegistered", "models/nobody:1", {
    ModelName: "nobody",
    ModelVersion: "1",
  });
  expect((await deliver(JSON.stringify([registered]))).status).toBe(202);
  const entry = await witness.entry("the decision is recorded", (line) => line.summary.includes("nobody"));
  expect(decisionOf(entry)?.decision.reaction).toBe("none");
  expect(entry.summary).toMatch(/policy/i);
});

test(
  "a policy with a wrong field stops the start, and the message names file, line, path and the right name",
  async () => {
    const file = join(folder, "broken.yaml");
    const text = await readFile("policy.yaml", "utf8");
    const line = text.split("\n").findIndex((one) => one.includes("bake: PT10S")) + 1;
    await writeFile(file, text.replace("bake: PT10S", "baek: PT10S"));
    await expect(
      startSystem({ ...QUICK, data: join(folder, "other") }, { OUTERLOOP_POLICY: file }),
    ).rejects.toThrow(
      `${file}:${line}: models.weather-max.rollout.baek: found an unknown field, expected 'bake'`,
    );
  },
  START_WITHIN_MS,
);

test("an approval link that is forged, expired or used decides nothing, and says so", async () => {
  const mail = await witness.until("the approval mail arrives", () =>
    findMail(system.addresses, "Approve weather-max version 1 "),
  );
  const [link = ""] = /http\S+\/approvals\/\S+/.exec(mail.text) ?? [];
  const [page = "", token = ""] = link.split("?token=");
  const post = (given: string, decision = "approve") =>
    fetch(page, {
      method: "POST",
      body: new URLSearchParams({ token: given, decision, comment: "because" }),
    });

  const forged = await post(`${token.slice(0, -6)}AAAAAA`);
  expect(forged.status).toBe(403);
  const refusal = await forged.text();
  expect(refusal).toContain("This link opens nothing");
  expect(refusal).not.toContain("Candidate against champion");

  const key = new TextEncoder().encode(await readFile(join(folder, "data", "link-key"), "utf8"));
  const late = await new SignJWT({ aid: "promotion-weather-max-1-approval", dig: "x" })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject("ml-approver@example.com")
    .setAudience("outerloop-approval")
    .setExpirationTime(new Date("2026-01-01T00:00:00Z"))
    .sign(key);
  const expired = await post(late);
  expect(expired.status).toBe(410);
  expect(await expired.text()).toContain("This link has expired");

  const [approval] = (await (await fetch(`${system.addresses.host}/api/approvals`)).json()).value;
  expect(approval).toMatchObject({ status: "open", decisions: [] });

  expect((await post(token, "reject")).url).toContain("/approvals/");
  const used = await post(token, "approve");
  expect(await used.text()).toContain("was rejected");
  const [after] = (await (await fetch(`${system.addresses.host}/api/approvals`)).json()).value;
  expect(after.decisions).toMatchObject([
    { by: "ml-approver@example.com", decision: "reject", comment: "because" },
  ]);
}, 120_000);
