import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDelivery, type Delivery } from "../../local/azure/delivery/index.ts";
import { ensureCertificates } from "../../local/azure/front/certificates.ts";
import { type Front, startFront } from "../../local/azure/front/index.ts";
import { createIdentity, type Identity } from "../../local/azure/identity/index.ts";
import { createMailbox, type Mailbox } from "../../local/azure/mailbox/index.ts";
import { ManualClock } from "../../local/clock.ts";
import { approvalCard, messageOf } from "../local/azure/teams/cards.ts";
import { openChromium, UNPACK_WITHIN_MS } from "./chromium.ts";
import { expectItFits, visit } from "./visit.ts";

const clock = new ManualClock(Date.UTC(2026, 0, 1, 12));
const AUTHORIZE = `/00000000-0000-0000-0000-00000000000a/oauth2/v2.0/authorize?${new URLSearchParams({
  client_id: "00000000-0000-0000-0000-00000000000d",
  response_type: "code",
  scope: "openid",
  state: "s",
  redirect_uri: "http://localhost:7071/auth/callback",
  login_hint: "data-science-lead@outerloop.example",
})}`;

let data: string;
let browser: Browser;
let closeBrowser: () => Promise<void>;
let identity: Identity;
let mailbox: Mailbox;
let delivery: Delivery;
let front: Front;
let origin: string;

beforeAll(async () => {
  data = await mkdtemp(path.join(tmpdir(), "azure-pages-"));
  identity = await createIdentity({ data, clock });
  mailbox = createMailbox({ data, clock, authenticate: () => true });
  delivery = createDelivery({ data, clock, authenticate: () => true, origin: () => origin });
  const tls = await ensureCertificates(data, Date.now());
  front = await startFront({ port: 0, tls, services: [identity.service, mailbox, delivery.service] });
  origin = `http://localhost:${front.port}`;
  await fill();
  ({ browser, close: closeBrowser } = await openChromium());
}, UNPACK_WITHIN_MS);

afterAll(async () => {
  await closeBrowser();
  await front.stop();
  for (const service of [identity.service, mailbox, delivery.service]) await service.stop?.();
  await rm(data, { recursive: true });
});

const post = (target: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${origin}${target}`, { method: "POST", headers, body: JSON.stringify(body) });

async function fill(): Promise<void> {
  await post(mailbox.teamsWebhookPath, messageOf(approvalCard));
  clock.advance(90_000);
  await post("/emails:send?api-version=2025-09-01", {
    senderAddress: "outerloop@example.com",
    recipients: { to: [{ address: "approver@example.com" }] },
    content: {
      subject: "Approve weather-max version 7",
      plainText: "Open the request.",
      html: "<p>Open the request.</p>",
    },
  });
  const headers = { authorization: `Bearer ${delivery.githubToken}`, "content-type": "application/json" };
  const labels = ["drift", "weather-max"];
  await post(
    "/github-api/repos/outerloop/models/issues",
    { title: "Investigate drift of temp_min", body: "PSI 0.31", labels },
    headers,
  );
  const dispatch = { ref: "main", inputs: { model: "weather-max" } };
  await post(
    "/github-api/repos/outerloop/models/actions/workflows/retrain.yml/dispatches",
    dispatch,
    headers,
  );
}

test.each([
  { name: "mailbox", target: "/mailbox" },
  { name: "card", target: "/mailbox/cards/1" },
  { name: "mail", target: "/mailbox/1" },
  { name: "sign-in", target: AUTHORIZE },
  { name: "sign-in-failed", target: AUTHORIZE.replace("callback", "elsewhere") },
  { name: "signed-out", target: AUTHORIZE.replace(/authorize.*/, "logout") },
  { name: "delivery", target: "/delivery" },
])("$name fits and puts no barrier up, wide or narrow, light or dark", async ({ name, target }) => {
  await visit(browser, `${origin}${target}`, async (page, errors) => {
    await expectItFits(page, name);
    // The page of a failed sign-in is a 400, which the browser's console tells.
    expect(errors.filter((text) => !text.includes("400 (Bad Request)"))).toEqual([]);
  });
});
