import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseHTML } from "linkedom";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ensureCertificates } from "../../../../local/azure/front/certificates.ts";
import { type Front, startFront } from "../../../../local/azure/front/index.ts";
import { createMailbox, type Mailbox } from "../../../../local/azure/mailbox/index.ts";
import type { Service } from "../../../../local/azure/service.ts";
import { ManualClock } from "../../../../local/clock.ts";
import { approvalCard, cardWith, messageOf } from "./cards.ts";

let folder: string;
let data: string;
let clock: ManualClock;
let mailbox: Mailbox;
let front: Front;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "teams-"));
  const tls = await ensureCertificates(folder, Date.now());
  const service: Service = { name: "m", handle: (request) => mailbox.handle(request) };
  front = await startFront({ port: 0, tls, services: [service] });
});
afterAll(async () => {
  await front.stop();
  await rm(folder, { recursive: true });
});

const open = () =>
  createMailbox({ data, clock, authenticate: (headers) => headers.authorization === "Bearer t" });

beforeEach(async () => {
  data = await mkdtemp(path.join(folder, "data-"));
  clock = new ManualClock(Date.UTC(2026, 0, 1, 12));
  mailbox = open();
});
afterEach(() => mailbox.stop?.());

const at = (target: string) => `http://localhost:${front.port}${target}`;

async function post(body: unknown, target = mailbox.teamsWebhookPath) {
  const answer = await fetch(at(target), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text === "" ? undefined : JSON.parse(text) };
}

const cards = async () => (await fetch(at("/mailbox/cards.json"))).json();
const pageAt = async (target: string) => parseHTML(await (await fetch(at(target))).text()).document;

describe("the workflow's webhook", () => {
  test("answers 202 with nothing but the run's id, and keeps the card", async () => {
    const { status, headers, body } = await post(messageOf(approvalCard));
    expect({ status, body }).toEqual({ status: 202, body: undefined });
    expect(headers.get("x-ms-workflow-run-id")).toMatch(/^[0-9A-F]{32}$/);
    expect(await cards()).toEqual([
      {
        id: 1,
        runId: headers.get("x-ms-workflow-run-id"),
        receivedAt: "2026-01-01T12:00:00.000Z",
        title: "Approve weather-max version 7",
        card: approvalCard,
      },
    ]);
    expect(mailbox.stats?.()).toEqual({ mailsSent: 0, cardsPosted: 1 });
  });

  test("keeps its address and its cards over a restart", async () => {
    const before = mailbox.teamsWebhookPath;
    await post(messageOf(approvalCard));
    await mailbox.stop?.();
    mailbox = open();
    expect(mailbox.teamsWebhookPath).toBe(before);
    expect(await cards()).toHaveLength(1);
  });

  test("posts each card of a message, all or none", async () => {
    expect((await post(messageOf(cardWith(), approvalCard))).status).toBe(202);
    expect((await post(messageOf(approvalCard, { type: "AdaptiveCard" }))).status).toBe(400);
    expect((await cards()).map(({ title }: { title: string }) => title)).toEqual([
      "Approve weather-max version 7",
      "A card without text",
    ]);
  });

  test.each([
    {
      what: "without a signature",
      change: /&sig=.*$/,
      to: "",
      status: 401,
      code: "DirectApiAuthorizationRequired",
    },
    {
      what: "with another signature",
      change: /sig=.*$/,
      to: "sig=guess",
      status: 401,
      code: "AuthorizationFailed",
    },
    { what: "for another workflow", change: /0{30}10/, to: "11", status: 404, code: "WorkflowNotFound" },
    {
      what: "without api-version",
      change: /api-version=[\d-]+&/,
      to: "",
      status: 400,
      code: "MissingApiVersionParameter",
    },
  ])("refuses a call $what with $status $code", async ({ change, to, status, code }) => {
    const answer = await post(messageOf(approvalCard), mailbox.teamsWebhookPath.replace(change, to));
    expect(answer).toMatchObject({ status, body: { error: { code } } });
    expect(await cards()).toEqual([]);
  });

  test("takes POST alone", async () => {
    expect((await fetch(at(mailbox.teamsWebhookPath))).status).toBe(405);
  });

  test("takes four messages in a second, and the fifth when the second is over", async () => {
    for (let count = 0; count < 4; count += 1) expect((await post(messageOf(cardWith()))).status).toBe(202);
    clock.advance(999);
    const fifth = await post(messageOf(cardWith()));
    expect(fifth).toMatchObject({ status: 429, body: { error: { code: "TooManyRequests" } } });
    expect(fifth.headers.get("retry-after")).toBe("1");
    clock.advance(1);
    expect((await post(messageOf(cardWith()))).status).toBe(202);
    expect(await cards()).toHaveLength(5);
  });

  test("takes 28 KB, and not a byte more", async () => {
    const size = (text: string) => JSON.stringify(messageOf(cardWith({ type: "TextBlock", text }))).length;
    const full = "x".repeat(28 * 1024 - size(""));
    expect((await post(messageOf(cardWith({ type: "TextBlock", text: full })))).status).toBe(202);
    const answer = await post(messageOf(cardWith({ type: "TextBlock", text: `${full}x` })));
    expect(answer).toMatchObject({ status: 413, body: { error: { code: "RequestEntityTooLarge" } } });
    expect(answer.body.error.message).toContain("28673 bytes, expected 28672 at most");
  });

  test.each([
    { what: "text that is no JSON", body: "{", code: "InvalidRequestContent", target: undefined },
    { what: "a bare card", body: approvalCard, code: "TriggerInputSchemaMismatch", target: "$.type" },
    { what: "no attachment", body: messageOf(), code: "TriggerInputSchemaMismatch", target: "$.attachments" },
    {
      what: "a connector card",
      body: {
        type: "message",
        attachments: [{ contentType: "application/vnd.microsoft.teams.card.o365connector", content: {} }],
      },
      code: "TriggerInputSchemaMismatch",
      target: "$.attachments[0].contentType",
    },
  ])("refuses $what with 400 $code", async ({ body, code, target }) => {
    expect(await post(body)).toMatchObject({ status: 400, body: { error: { code } } });
    expect((await post(body)).body.error.target).toBe(target);
  });
});

describe("a card that Teams cannot show is refused, by path and expectation:", () => {
  const CARD = "$.attachments[0].content";
  const text = { type: "TextBlock", text: "x" };
  test.each([
    { card: "no card", at: "", says: "found a string, expected an object: 'AdaptiveCard'" },
    { card: { ...cardWith(), type: "Card" }, at: ".type", says: "found 'Card', expected 'AdaptiveCard'" },
    {
      card: { type: "AdaptiveCard", body: [] },
      at: ".version",
      says: "found nothing, expected a version from '1.0' to '1.5'",
    },
    { card: { ...cardWith(), version: "1.6" }, at: ".version", says: `found "1.6", expected a version` },
    {
      card: cardWith({ type: "Carousel" }),
      at: ".body[0].type",
      says: "found 'Carousel', expected one of TextBlock, RichTextBlock",
    },
    { card: cardWith({ text: "x" }), at: ".body[0].type", says: "found no type, expected one of" },
    {
      card: cardWith(text, { type: "TextBlock" }),
      at: ".body[1].text",
      says: "found nothing, expected string",
    },
    {
      card: cardWith({ ...text, wieght: "bolder" }),
      at: ".body[0].wieght",
      says: "found a property 'wieght'",
    },
    {
      card: cardWith({ ...text, color: "red" }),
      at: ".body[0].color",
      says: "found 'red', expected one of default, dark, light, accent, good",
    },
    {
      card: cardWith({ type: "Image", url: "http://example.com/a.png" }),
      at: ".body[0].url",
      says: "expected an https address",
    },
    {
      card: cardWith({ type: "Image", url: "data:image/svg+xml;base64,AA" }),
      at: ".body[0].url",
      says: "expected an https address",
    },
    {
      card: cardWith({ type: "ColumnSet", columns: [{ type: "Column", items: [{ type: "FactSet" }] }] }),
      at: ".body[0].columns[0].items[0].facts",
      says: "found nothing, expected array",
    },
    {
      card: cardWith({ type: "FactSet", facts: [{ title: "a" }] }),
      at: ".body[0].facts[0].value",
      says: "found nothing, expected string",
    },
    {
      card: cardWith({ type: "Container", items: "x" }),
      at: ".body[0].items",
      says: "found a string, expected array",
    },
    {
      card: { ...cardWith(), actions: [{ type: "Action.Submit", title: "Approve" }] },
      at: ".actions[0].type",
      says: "found 'Action.Submit' (a card that a webhook posts has nobody to submit to",
    },
    {
      card: cardWith({ type: "Input.Text", id: "a" }),
      at: ".body[0].type",
      says: "found 'Input.Text' (inputs need",
    },
    {
      card: { ...cardWith(), actions: [{ type: "Action.OpenUrl", url: "javascript:alert(1)" }] },
      at: ".actions[0].url",
      says: "found 'javascript:alert(1)', expected an absolute address that starts with http:",
    },
    {
      card: {
        ...cardWith(),
        actions: [{ type: "Action.ShowCard", card: { type: "AdaptiveCard", body: [{ type: "Media" }] } }],
      },
      at: ".actions[0].card.body[0].type",
      says: "found 'Media' (it is not simulated)",
    },
    {
      card: cardWith({ ...text, fallback: { type: "Nothing" } }),
      at: ".body[0].fallback.type",
      says: "found 'Nothing', expected one of",
    },
    {
      card: cardWith({
        type: "Table",
        rows: [{ type: "TableRow", cells: [{ type: "TextBlock", text: "x" }] }],
      }),
      at: ".body[0].rows[0].cells[0].type",
      says: "found 'TextBlock', expected 'TableCell'",
    },
  ])("$at $says", async ({ card, at: where, says }) => {
    const { status, body } = await post(messageOf(card));
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: "InvalidCard", target: `${CARD}${where}` });
    expect(body.error.message).toContain(`At ${CARD}${where}: ${says}`);
    expect(await cards()).toEqual([]);
  });

  test("tells ten problems, and how many more there are", async () => {
    const { body } = await post(messageOf(cardWith(...Array.from({ length: 12 }, () => ({ type: "X" })))));
    expect(body.error.details).toHaveLength(10);
    expect(body.error.more).toBe(2);
    expect(body.error.message).toContain("12 problems in all.");
  });

  test("nests without end", async () => {
    let element: object = text;
    for (let depth = 0; depth < 60; depth += 1) element = { type: "Container", items: [element] };
    expect((await post(messageOf(cardWith(element)))).body.error.message).toContain("more than 32 levels");
  });
});

describe("the mailbox", () => {
  test("lists cards with mails, the newest first", async () => {
    await post(messageOf(approvalCard));
    clock.advance(60_000);
    await fetch(at("/emails:send?api-version=2025-09-01"), {
      method: "POST",
      headers: { authorization: "Bearer t" },
      body: JSON.stringify({
        senderAddress: "outerloop@example.com",
        recipients: { to: [{ address: "approver@example.com" }] },
        content: { subject: "A mail", plainText: "x" },
      }),
    });
    const document = await pageAt("/mailbox");
    expect(document.querySelector("main p")?.textContent).toBe(
      "1 mail and 1 Teams card, the newest 0 seconds ago.",
    );
    const listed = [...document.querySelectorAll(".mails li")];
    expect(listed.map((item) => item.querySelector(".kind")?.textContent)).toEqual(["Mail", "Card"]);
    expect(listed[1]?.querySelector("a")?.getAttribute("href")).toBe("/mailbox/cards/1");
  });

  test("draws a card: texts, facts, columns, a table, actions as links", async () => {
    await post(messageOf(approvalCard));
    const document = await pageAt("/mailbox/cards/1");
    const texts = (selector: string) =>
      [...document.querySelectorAll(selector)].map((node) => node.textContent);
    expect(texts(".card h2")).toEqual(["Approve weather-max version 7"]);
    expect(document.querySelector(".card h2 strong")?.textContent).toBe("weather-max");
    expect(texts(".facts dt")).toEqual(["Cause", "Checks", "Cost per month"]);
    expect(texts("th")).toEqual(["Metric", "Candidate", "Champion"]);
    expect(texts("td")).toEqual(["RMSE, °C", "2.9", "3.3", "p95 latency, ms", "41", "39"]);
    expect(texts("summary")).toEqual(["Why?", "The card as it was sent"]);
    expect([...document.querySelectorAll("a.action")].map((link) => link.getAttribute("href"))).toEqual([
      "https://example.com/evidence",
      "http://localhost:7071/approvals/1",
    ]);
    expect(document.querySelector("a.action")?.getAttribute("rel")).toBe("noopener noreferrer");
    expect(document.querySelector(".card")?.textContent).not.toContain("hidden");
  });

  test("loads no picture from elsewhere, and tells what it would be", async () => {
    await post(messageOf(approvalCard));
    const document = await pageAt("/mailbox/cards/1");
    const sources = [...document.querySelectorAll("img")].map((image) => image.getAttribute("src"));
    expect(sources.every((source) => source?.startsWith("data:image/png;base64,"))).toBe(true);
    expect(document.querySelector(".absent")?.textContent).toBe("Error over time (not loaded here)");
  });

  test.each([
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "[click](javascript:alert(1))",
    "[click](data:text/html,<script>alert(1)</script>)",
    "</p></main><iframe src=https://example.com></iframe>",
    "**<b onmouseover=alert(1)>bold</b>**",
    "</title><script>alert(1)</script>",
  ])("shows %s as text wherever a card can hold it", async (evil) => {
    const { status } = await post(
      messageOf({
        ...cardWith(
          { type: "TextBlock", text: evil },
          { type: "TextBlock", text: evil, style: "heading", wrap: true },
          { type: "RichTextBlock", inlines: [evil, { type: "TextRun", text: evil }] },
          { type: "FactSet", facts: [{ title: evil, value: evil }] },
          { type: "Image", url: `https://example.com/${encodeURIComponent(evil)}`, altText: evil },
          {
            type: "Container",
            items: [],
            selectAction: { type: "Action.OpenUrl", url: "https://example.com", title: evil },
          },
        ),
        fallbackText: evil,
        actions: [{ type: "Action.OpenUrl", title: evil, url: "https://example.com/", tooltip: evil }],
      }),
    );
    expect(status).toBe(202);
    for (const target of ["/mailbox", "/mailbox/cards/1"]) {
      const document = await pageAt(target);
      expect([
        ...document.querySelectorAll("script, iframe, img, b, style, [onerror], [onmouseover]"),
      ]).toEqual([]);
      const links = [...document.querySelectorAll("main a")].map((link) => link.getAttribute("href") ?? "");
      expect(links.filter((href) => !/^(https:|\/)/.test(href))).toEqual([]);
    }
    const answer = await fetch(at("/mailbox/cards/1"));
    expect(answer.headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; style-src 'self'; img-src data:;/,
    );
  });

  test.each(["/mailbox/cards/9", "/mailbox/cards/x", "/mailbox/cards"])(
    "answers 404 for %s",
    async (target) => {
      const answer = await fetch(at(target));
      expect(answer.status).toBe(404);
      expect(await answer.text()).toContain("No such card");
    },
  );
});
