import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LIVE_JS } from "../../shared/console/live.ts";
import { CONTENT_SECURITY_POLICY } from "../../shared/console/page.ts";
import { STYLE_CSS } from "../../shared/console/style.ts";
import { mails, pages } from "../shared/console/gallery.ts";
import { openChromium, UNPACK_WITHIN_MS } from "./chromium.ts";
import { expectItFits, visit } from "./visit.ts";

const ASSETS: Readonly<Record<string, readonly [string, string]>> = {
  "/console/style.css": ["text/css; charset=utf-8", STYLE_CSS],
  "/console/live.js": ["text/javascript; charset=utf-8", LIVE_JS],
};

let browser: Browser;
let close: () => Promise<void>;
let server: Server;
let origin: string;
/** What the server answers for `/changing`, so that a test can change it under an open page. */
let changing = "";

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = request.url ?? "/";
    const asset = ASSETS[path];
    const name = path.slice(1);
    if (asset) response.setHeader("content-type", asset[0]).end(asset[1]);
    else if (path === "/favicon.ico") response.writeHead(204).end();
    else {
      response.setHeader("content-type", "text/html; charset=utf-8");
      if (!(name in mails)) response.setHeader("content-security-policy", CONTENT_SECURITY_POLICY);
      const mail = Object.entries(mails).find(([key]) => key === name)?.[1].html;
      response.end(name === "changing" ? changing : (pages[name] ?? mail));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  origin = `http://127.0.0.1:${port}`;
  ({ browser, close } = await openChromium());
}, UNPACK_WITHIN_MS);

afterAll(async () => {
  await close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const open = (name: string, look: Parameters<typeof visit>[2]) => visit(browser, `${origin}/${name}`, look);

const names = [...Object.keys(pages), ...Object.keys(mails)];

test.each(names)(
  "%s fits, loads whole and puts no barrier up, wide or narrow, light or dark",
  async (name) => {
    await open(name, async (page, errors) => {
      await expectItFits(page, name);
      expect(errors).toEqual([]);
    });
  },
);

test("the palette follows the reader's choice", async () => {
  const background = (page: Page): Promise<string> =>
    page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await open("home", async (page) => {
    expect(await background(page)).toBe("rgb(255, 255, 255)");
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await background(page)).toBe("rgb(18, 22, 27)");
  });
});

test("a console page takes in what changed, unless it was paused", async () => {
  changing = pages.home ?? "";
  await open("changing", async (page, errors) => {
    await page.clock.install();
    await page.reload();
    const heading = () => page.locator("h1").textContent();
    changing = pages["home-empty"] ?? "";
    await page.clock.runFor(3_100);
    await expect.poll(heading).toBe("Nothing needs a person; nothing runs.");
    await page.getByRole("button", { name: "Pause updates" }).click();
    changing = pages.home ?? "";
    await page.clock.runFor(10_000);
    expect(await heading()).toBe("Nothing needs a person; nothing runs.");
    await page.getByRole("button", { name: "Resume updates" }).click();
    await page.clock.runFor(3_100);
    await expect.poll(heading).toBe("1 approval waits for people; 2 operations running.");
    expect(errors).toEqual([]);
  });
});

test("Enter in the comment makes a new line and decides nothing", async () => {
  await open("approval-open", async (page) => {
    await page.getByLabel("Comment").focus();
    await page.keyboard.type("first");
    await page.keyboard.press("Enter");
    await page.keyboard.type("second");
    expect(await page.getByLabel("Comment").inputValue()).toBe("first\nsecond");
    expect(page.url()).toBe(`${origin}/approval-open`);
  });
});

test("print shows what is folded", async () => {
  await open("model", async (page) => {
    await page.emulateMedia({ media: "print" });
    const height = () => page.evaluate(() => document.querySelector("#policy")?.clientHeight ?? 0);
    expect(await height()).toBeGreaterThan(500);
    await page.emulateMedia({ media: "screen" });
    expect(await height()).toBeLessThan(100);
  });
});
