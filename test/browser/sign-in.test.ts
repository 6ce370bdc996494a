import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  randomPKCECodeVerifier,
  randomState,
} from "openid-client";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureCertificates } from "../../local/azure/front/certificates.ts";
import { type Front, startFront } from "../../local/azure/front/index.ts";
import { createIdentity, type Identity } from "../../local/azure/identity/index.ts";
import { ManualClock } from "../../local/clock.ts";
import { openChromium, UNPACK_WITHIN_MS } from "./chromium.ts";
import { expectItFits, sideways, visit } from "./visit.ts";

const TENANT = "00000000-0000-0000-0000-00000000000a";
const APP = "00000000-0000-0000-0000-00000000000d";
/** WCAG 2.2, 1.4.11: what tells a focused control from others, against what is beside it. */
const LEAST_CONTRAST = 3;

let data: string;
let identity: Identity;
let front: Front;
let app: Server;
let callback: string;
let config: Configuration;
let browser: Browser;
let closeBrowser: () => Promise<void>;

beforeAll(async () => {
  data = await mkdtemp(path.join(tmpdir(), "sign-in-"));
  identity = await createIdentity({ data, clock: new ManualClock(Date.now()) });
  const tls = await ensureCertificates(data, Date.now());
  front = await startFront({ port: 0, tls, services: [identity.service] });
  // The application: all that counts here is where the browser ends up.
  app = createServer((_, response) => {
    response.setHeader("content-type", "text/html").end("<title>The app</title>Welcome back.");
  });
  await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
  callback = `http://127.0.0.1:${(app.address() as AddressInfo).port}/auth/callback`;
  const issuer = new URL(`http://localhost:${front.port}/${TENANT}/v2.0`);
  config = await discovery(issuer, APP, identity.app.clientSecret, undefined, {
    execute: [allowInsecureRequests],
  });
  ({ browser, close: closeBrowser } = await openChromium());
}, UNPACK_WITHIN_MS);

afterAll(async () => {
  await closeBrowser();
  app.closeAllConnections();
  await new Promise((resolve) => app.close(resolve));
  await front.stop();
  await identity.service.stop?.();
  await rm(data, { recursive: true });
});

/** What the application sends the browser with, and what it keeps to check the answer by. */
async function begin(more: Record<string, string> = {}) {
  const pkceCodeVerifier = randomPKCECodeVerifier();
  const expectedState = randomState();
  const url = buildAuthorizationUrl(config, {
    redirect_uri: callback,
    scope: "openid profile email",
    code_challenge: await calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    state: expectedState,
    ...more,
  });
  return { url: url.href, expected: { pkceCodeVerifier, expectedState, idTokenExpected: true } };
}

/** What the focused control is called, how its ring contrasts with the page, and how many pixels of it are out of view. */
function focused(page: Page): Promise<{ text: string; contrast: number; hidden: number }> {
  return page.evaluate(() => {
    const luminance = (color: string) => {
      const [r = 0, g = 0, b = 0] = (color.match(/[\d.]+/g) ?? []).map((part) => {
        const share = Number(part) / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const control = document.activeElement;
    if (!(control instanceof HTMLElement)) throw new Error("Nothing has the focus.");
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(control);
    const isDrawn = outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2;
    const ring = luminance(outlineColor);
    const paper = luminance(getComputedStyle(document.body).backgroundColor);
    const { top, bottom, left, right } = control.getBoundingClientRect();
    return {
      text: control.innerText.replace(/\s+/g, " ").trim(),
      contrast: isDrawn ? (Math.max(ring, paper) + 0.05) / (Math.min(ring, paper) + 0.05) : 1,
      hidden: Math.max(-top, -left, bottom - innerHeight, right - innerWidth),
    };
  });
}

/** Presses Tab until a control of that name has the focus. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let presses = 0; presses < 20; presses += 1) {
    await page.keyboard.press("Tab");
    if (name.test((await focused(page)).text)) return;
  }
  throw new Error(`Tab never came to ${name}.`);
}

test.each([
  { width: 1280, colorScheme: "light" },
  { width: 390, colorScheme: "dark" },
] as const)(
  "Tab goes from persona to persona in the order of the page, each named by role, duty and address, and shows where it is: $width px, $colorScheme",
  async ({ width, colorScheme }) => {
    const { url } = await begin();
    await visit(browser, url, async (page, errors) => {
      await page.setViewportSize({ width, height: 500 });
      await page.emulateMedia({ colorScheme });
      const names = await page.getByRole("button").allInnerTexts();
      expect(names).toHaveLength(9);
      for (const name of names) {
        await page.keyboard.press("Tab");
        const { text, contrast } = await focused(page);
        expect(text).toBe(name.replace(/\s+/g, " ").trim());
        expect(contrast).toBeGreaterThan(LEAST_CONTRAST);
        // The page scrolls after it has moved the focus.
        await expect.poll(async () => (await focused(page)).hidden).toBeLessThan(1);
      }
      expect((await focused(page)).text).toBe("Cancel");
      await page.keyboard.press("Shift+Tab");
      expect((await focused(page)).text).toContain("model-end-user@outerloop.example");
      const tester = page.getByRole("button", {
        name: "Model tester Tests in testing and staging, apart from CI/CD model-tester@outerloop.example",
        exact: true,
      });
      expect(await tester.count()).toBe(1);
      expect(errors).toEqual([]);
    });
  },
);

test.each(["Enter", "Space"])("%s on a persona signs them in, and brings the browser back", async (key) => {
  const { url, expected } = await begin();
  await visit(browser, url, async (page) => {
    await tabTo(page, /model-tester@/);
    await page.keyboard.press(key);
    await page.waitForURL(/\/auth\/callback\?/);
    expect(await page.title()).toBe("The app");
    const tokens = await authorizationCodeGrant(config, new URL(page.url()), expected);
    expect(tokens.claims()).toMatchObject({ name: "Model tester" });
  });
});

test("Cancel signs nobody in, and tells the app so", async () => {
  const { url } = await begin();
  await visit(browser, url, async (page) => {
    await tabTo(page, /^Cancel$/);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/auth\/callback\?/);
    const { searchParams } = new URL(page.url());
    expect(searchParams.get("error")).toBe("access_denied");
    expect(searchParams.has("code")).toBe(false);
  });
});

test("an app that wants its answer as a form gets it by Enter on a page that fits", async () => {
  const { url } = await begin({ response_mode: "form_post" });
  await visit(browser, url, async (page, errors) => {
    await tabTo(page, /data-scientist@/);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "One more step" }).waitFor();
    await expectItFits(page, "sign-in-form-post");
    expect(await sideways(page)).toEqual([]);
    await tabTo(page, /^Continue$/);
    await page.keyboard.press("Enter");
    await page.waitForURL(callback);
    expect(await page.title()).toBe("The app");
    expect(errors).toEqual([]);
  });
});
