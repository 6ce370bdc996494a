import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { EmailClient, type EmailMessage } from "@azure/communication-email";
import { parseHTML } from "linkedom";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ensureCertificates } from "../../../../local/azure/front/certificates.ts";
import { type Front, startFront } from "../../../../local/azure/front/index.ts";
import { createMailbox } from "../../../../local/azure/mailbox/index.ts";
import type { Service } from "../../../../local/azure/service.ts";
import { ManualClock } from "../../../../local/clock.ts";

const OPERATION = "6f1c2f0e-0001-4c6b-9c7b-1d2e3f405060";
const ACCESS_KEY = Buffer.from("of no service").toString("base64");
const message: EmailMessage = {
  senderAddress: "outerloop@example.com",
  recipients: { to: [{ address: "approver@example.com" }] },
  content: {
    subject: "Approve <weather> 7",
    plainText: "Two lines.\nApprove: http://localhost/a",
    html: "<head></head><p>Hi</p>",
  },
};

let tls: Awaited<ReturnType<typeof ensureCertificates>>;
let tlsFolder: string;
let data: string;
let clock: ManualClock;
let mailbox: Service;
let front: Front;
let client: EmailClient;

beforeAll(async () => {
  tlsFolder = await mkdtemp(path.join(tmpdir(), "mailbox-tls-"));
  tls = await ensureCertificates(tlsFolder, Date.now());
  setDefaultCACertificates([...getCACertificates("default"), await readFile(tls.caFile, "utf8")]);
});
afterAll(() => rm(tlsFolder, { recursive: true }));

const open = () =>
  createMailbox({
    data,
    clock,
    accessKey: ACCESS_KEY,
    authenticate: (headers) => headers.authorization === "Bearer t",
  });
const clientWith = (token: string) =>
  new EmailClient(
    `https://localhost:${front.port}`,
    { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) },
    { retryOptions: { maxRetries: 0 } },
  );

beforeEach(async () => {
  data = await mkdtemp(path.join(tmpdir(), "mailbox-"));
  clock = new ManualClock(Date.UTC(2026, 0, 1, 12));
  mailbox = open();
  front = await startFront({
    port: 0,
    tls,
    services: [{ name: "m", handle: (request) => mailbox.handle(request) }],
  });
  client = clientWith("t");
});
afterEach(async () => {
  await front.stop();
  await mailbox.stop?.();
  await rm(data, { recursive: true });
});

const get = (target: string) => fetch(`http://localhost:${front.port}${target}`);
const mails = async () => (await get("/mailbox.json")).json();

/** What the real client would send for the message, signed. */
async function signedRequest() {
  let sent: { url: string; headers: Record<string, string>; body: string } | undefined;
  const client = new EmailClient(`endpoint=http://localhost:${front.port}/;accesskey=${ACCESS_KEY}`, {
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 0 },
    httpClient: {
      async sendRequest({ url, headers, body }) {
        sent = { url, headers: headers.toJSON(), body: String(body) };
        throw new Error("not sent");
      },
    },
  });
  await client.beginSend(message).catch(() => undefined);
  if (!sent) throw new Error("Nothing was signed.");
  return sent;
}

async function send(more: Partial<EmailMessage> = {}, operationId = OPERATION): Promise<void> {
  await client.beginSend({ ...message, ...more }, { operationId });
}

describe("sending", () => {
  test("by the real client ends in Succeeded, and the mail is in the mailbox", async () => {
    const poller = await client.beginSend(message, { operationId: OPERATION, updateIntervalInMs: 1 });
    expect(await poller.pollUntilDone()).toMatchObject({ id: OPERATION, status: "Succeeded" });
    expect(await mails()).toEqual([
      {
        id: 1,
        operationId: OPERATION,
        receivedAt: "2026-01-01T12:00:00.000Z",
        from: "outerloop@example.com",
        to: ["approver@example.com"],
        subject: "Approve <weather> 7",
        text: "Two lines.\nApprove: http://localhost/a",
        html: "<head></head><p>Hi</p>",
      },
    ]);
    expect(mailbox.stats?.()).toEqual({ mailsSent: 1, cardsPosted: 0 });
  });

  test("signed with the access key is taken as one with a token is", async () => {
    const endpoint = `https://localhost:${front.port}/`;
    const signing = (key: string) =>
      new EmailClient(`endpoint=${endpoint};accesskey=${key}`, { retryOptions: { maxRetries: 0 } });
    const options = { operationId: OPERATION, updateIntervalInMs: 1 };
    const poller = await signing(ACCESS_KEY).beginSend(message, options);
    expect(await poller.pollUntilDone()).toMatchObject({ status: "Succeeded" });
    const other = Buffer.from("another").toString("base64");
    await expect(signing(other).beginSend(message)).rejects.toMatchObject({
      statusCode: 401,
      code: "Denied",
    });
    expect(await mails()).toHaveLength(1);
  });

  test("whose body is another than the signed one is refused with 401", async () => {
    const { url, headers, body } = await signedRequest();
    const post = (text: string) => fetch(url, { method: "POST", headers, body: text });
    expect((await post(body.replace("Approve", "Reject"))).status).toBe(401);
    expect((await post(body)).status).toBe(202);
  });

  test("keeps the addresses to reply to and the attachments, which can be saved", async () => {
    const attachments = [
      {
        name: "evidence «7».csv",
        contentType: "text/csv",
        contentInBase64: Buffer.from("a,b\n").toString("base64"),
      },
      { name: "logo.png", contentType: "image/png", contentInBase64: "iVBORw==", contentId: "logo" },
    ];
    const replyTo = [{ address: "team@example.com", displayName: "Team" }];
    await send({ attachments, replyTo });
    expect(await mails()).toMatchObject([
      {
        replyTo: ["team@example.com"],
        attachments: [
          { name: "evidence «7».csv", contentType: "text/csv" },
          { name: "logo.png", contentType: "image/png", contentId: "logo" },
        ],
      },
    ]);
    expect(JSON.stringify(await mails())).not.toContain("iVBORw==");
    const file = await get("/mailbox/1/attachments/1");
    expect(await file.text()).toBe("a,b\n");
    expect(file.headers.get("content-disposition")).toBe(
      "attachment; filename*=UTF-8''evidence%20%C2%AB7%C2%BB.csv",
    );
    const { document } = parseHTML(await (await get("/mailbox/1")).text());
    const links = [...document.querySelectorAll("dd a")].map((link) => link.getAttribute("href"));
    expect(links).toEqual(["/mailbox/1/attachments/1", "/mailbox/1/attachments/2"]);
    expect((await get("/mailbox/1/attachments/3")).status).toBe(404);
    expect((await get("/mailbox/2/attachments/1")).status).toBe(404);
  });

  test("twice with one operation id sends one mail, also after a restart", async () => {
    await send();
    await mailbox.stop?.();
    mailbox = open();
    await send({ content: { subject: "other", plainText: "x" } }, OPERATION.toUpperCase());
    expect(await mails()).toHaveLength(1);
  });

  test("without an operation id sends each time", async () => {
    await client.beginSend(message);
    await client.beginSend(message);
    expect(await mails()).toHaveLength(2);
  });

  test.each([
    { what: "nobody to send it to", more: { recipients: { to: [] } }, says: "'recipients'" },
    {
      what: "an address that is none",
      more: { recipients: { to: [{ address: "nobody" }] } },
      says: "'recipients.to.0.address'",
    },
    {
      what: "an attachment that is no base64",
      more: { attachments: [{ name: "a", contentType: "text/plain", contentInBase64: "«»" }] },
      says: "'attachments.0.contentInBase64'",
    },
    {
      what: "no body",
      more: { content: { subject: "s" } } as Partial<EmailMessage>,
      says: "needs plainText, html, or both",
    },
    {
      what: "an empty subject",
      more: { content: { subject: "", plainText: "x" } },
      says: "'content.subject'",
    },
  ])("with $what is refused with 400, naming the field", async ({ more, says }) => {
    await expect(send(more)).rejects.toMatchObject({
      statusCode: 400,
      code: "BadRequest",
      message: expect.stringContaining(says),
    });
    expect(await mails()).toEqual([]);
  });

  test("with an operation id that is no GUID is refused with 400", async () => {
    const answer = await fetch(`https://localhost:${front.port}/emails:send?api-version=2025-09-01`, {
      method: "POST",
      headers: { authorization: "Bearer t", "operation-id": "seven" },
      body: JSON.stringify(message),
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { message: expect.stringContaining("'seven'") } });
  });

  test("without a good token is refused with 401", async () => {
    await expect(clientWith("stolen").beginSend(message)).rejects.toMatchObject({
      statusCode: 401,
      code: "Denied",
    });
    expect(await mails()).toEqual([]);
  });
});

describe("the mailbox page", () => {
  test("says so when there is no mail yet", async () => {
    expect(await (await get("/mailbox")).text()).toContain("No mail yet.");
  });

  test("lists the newest first, what others wrote as text", async () => {
    await send();
    clock.advance(120_000);
    await send({ content: { subject: "Second", plainText: "x" } }, "6f1c2f0e-0002-4c6b-9c7b-1d2e3f405060");
    clock.advance(60_000);
    const { document } = parseHTML(await (await get("/mailbox")).text());
    expect(document.querySelector("main p")?.textContent).toBe("2 mails, the newest 1 minute ago.");
    const listed = [...document.querySelectorAll(".mails li")];
    expect(listed.map((item) => item.querySelector("a")?.textContent)).toEqual([
      "Second",
      "Approve <weather> 7",
    ]);
    expect(listed[1]?.querySelector("time")?.textContent).toBe("3 minutes ago");
  });

  test("of one mail shows its facts, its HTML in a sandboxed frame, and its plain text", async () => {
    await send();
    const answer = await get("/mailbox/1");
    const { document } = parseHTML(await answer.text());
    expect(document.querySelector("h1")?.textContent).toBe("Approve <weather> 7");
    expect([...document.querySelectorAll("dd")].map((cell) => cell.textContent)).toEqual([
      "outerloop@example.com",
      "approver@example.com",
      "2026-01-01 12:00:00 UTC",
      OPERATION,
    ]);
    expect(document.querySelector("iframe")?.getAttribute("sandbox")).not.toContain("allow-scripts");
    expect(document.querySelector("pre")?.textContent).toBe(message.content.plainText);
    expect(document.querySelector("[style], [onclick]")).toBeNull();
    expect([...document.querySelectorAll("script")].map((each) => each.outerHTML)).toEqual([
      '<script src="/mailbox/frame.js"></script>',
    ]);
    const policy = answer.headers.get("content-security-policy");
    expect(policy).toContain("default-src 'none'; style-src 'self'");
    expect(policy).toMatch(/; script-src 'self'$/);
  });

  test("serves the HTML part sandboxed, without script or requests, links opening a new tab", async () => {
    await send();
    const answer = await get("/mailbox/1/html");
    expect(await answer.text()).toBe('<head><base target="_blank"></head><p>Hi</p>');
    expect(answer.headers.get("content-security-policy")).toMatch(
      /^sandbox (?!.*allow-scripts).*allow-popups .*default-src 'none'/,
    );
  });

  test.each(["/mailbox/99", "/mailbox/x", "/mailbox/1/raw"])("answers 404 for %s", async (target) => {
    await send();
    const answer = await get(target);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain("No such mail");
  });

  test("of a mail without HTML, of the list and of a card run no script", async () => {
    await send({ content: { subject: "Plain", plainText: "text" } });
    for (const target of ["/mailbox", "/mailbox/1"]) {
      const answer = await get(target);
      expect(await answer.text()).not.toContain("<script");
      expect(answer.headers.get("content-security-policy")).not.toContain("script-src");
    }
  });

  test("has one script, which a browser takes for nothing else", async () => {
    const answer = await get("/mailbox/frame.js");
    expect(answer.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("has one stylesheet", async () => {
    const answer = await get("/mailbox/style.css");
    expect(answer.headers.get("content-type")).toBe("text/css; charset=utf-8");
    expect(await answer.text()).toContain("prefers-color-scheme: dark");
  });
});
