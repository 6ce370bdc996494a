import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureCertificates } from "../../local/azure/front/certificates.ts";
import { type Front, startFront } from "../../local/azure/front/index.ts";
import { createMailbox, type Mailbox } from "../../local/azure/mailbox/index.ts";
import { ManualClock } from "../../local/clock.ts";
import { composeMail } from "../../shared/notify/templates/mail-html.ts";
import { openChromium, UNPACK_WITHIN_MS } from "./chromium.ts";
import { expectItFits, visit } from "./visit.ts";

/** The frame's lowest height, and one that a screen of text goes beyond. */
const LOWEST_PX = 64;
const PARAGRAPHS = 40;

let data: string;
let browser: Browser;
let closeBrowser: () => Promise<void>;
let mailbox: Mailbox;
let front: Front;

beforeAll(async () => {
  data = await mkdtemp(path.join(tmpdir(), "mail-frame-"));
  mailbox = createMailbox({
    data,
    clock: new ManualClock(Date.UTC(2026, 0, 1, 12)),
    authenticate: () => true,
  });
  const tls = await ensureCertificates(data, Date.now());
  front = await startFront({ port: 0, tls, services: [mailbox] });
  ({ browser, close: closeBrowser } = await openChromium());
}, UNPACK_WITHIN_MS);

afterAll(async () => {
  await closeBrowser();
  await front.stop();
  await mailbox.stop?.();
  await rm(data, { recursive: true });
});

let delivered = 0;
/** Delivers a mail. @returns the address of its page */
function deliver(html: string): string {
  mailbox.deliver({
    operationId: String(++delivered),
    from: "outerloop@example.com",
    to: ["approver@example.com"],
    subject: "Approve weather-max version 7",
    text: "Open the request.",
    html,
    receivedAt: "2026-01-01T12:00:00.000Z",
  });
  return `http://localhost:${front.port}/mailbox/${delivered}`;
}

const heights = (page: Page): Promise<{ frame: number; mail: number; cut: number }> =>
  page.evaluate(() => {
    const frame = document.querySelector("iframe");
    const mail = frame?.contentDocument;
    const root = mail?.scrollingElement;
    const range = mail?.createRange();
    if (mail?.body) range?.selectNodeContents(mail.body);
    return {
      frame: frame?.offsetHeight ?? 0,
      mail: range?.getBoundingClientRect().bottom ?? 0,
      cut: (root?.scrollHeight ?? 0) - (mail?.documentElement.clientHeight ?? 0),
    };
  });

test.each([
  { mail: "without a document type", html: "<p>Open the request.</p>" },
  {
    mail: "with a document type",
    html: "<!doctype html><html><head></head><body><p>Open it.</p></body></html>",
  },
  {
    mail: "as the product writes it",
    html: composeMail({
      subject: "Approve weather-max version 7",
      sentence: "weather-max version 7 asks to replace version 6.",
      facts: [["Error on the last 60 days", "3.1, version 6: 4.4"]],
      link: { label: "Open the request", url: "http://localhost:7071/approvals/1", note: "Or open:" },
    }).html,
  },
])("a short mail $mail stands in a frame as high as it is", async ({ html }) => {
  await visit(browser, deliver(html), async (page, errors) => {
    const { frame, mail } = await heights(page);
    expect(frame).toBeLessThan(Math.max(mail + 40, LOWEST_PX + 1));
    await expectItFits(page, `mail-short-${delivered}`);
    expect(errors).toEqual([]);
  });
});

test("a long mail is shown whole, at any width", async () => {
  const text = "A candidate asks to replace the champion. ".repeat(6);
  await visit(browser, deliver(`<!doctype html>${`<p>${text}</p>`.repeat(PARAGRAPHS)}`), async (page) => {
    const { frame: wide, cut } = await heights(page);
    expect(cut).toBeLessThanOrEqual(0);
    await page.setViewportSize({ width: 390, height: 800 });
    await page.waitForFunction(
      (before) => (document.querySelector("iframe")?.offsetHeight ?? 0) > before,
      wide,
    );
    expect((await heights(page)).cut).toBeLessThanOrEqual(0);
    await expectItFits(page, "mail-long");
  });
});

test("a mail wider than its frame scrolls sideways and loses no line to the scrollbar", async () => {
  await visit(browser, deliver('<div style="width: 3000px">one wide line</div>'), async (page) => {
    expect((await heights(page)).cut).toBeLessThanOrEqual(0);
  });
});

test("no script of a mail runs, whichever way it is written", async () => {
  const written = "document.documentElement.dataset.ran='yes';parent.document.title='taken'";
  const html =
    `<script>${written}</script><img src="x" onerror="${written}"><svg onload="${written}"></svg>` +
    `<script src="/mailbox/frame.js"></script><a href="javascript:${written}" target="_self">open</a>`;
  await visit(browser, deliver(html), async (page) => {
    await page.frameLocator("iframe").getByText("open").click();
    const ran = await page.evaluate(
      () => document.querySelector("iframe")?.contentDocument?.documentElement.dataset.ran,
    );
    expect(ran).toBeUndefined();
    expect(await page.title()).toBe("Approve weather-max version 7");
  });
});
