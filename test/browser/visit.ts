import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import type { AxeResults, RunOptions } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { expect } from "vitest";

/** Set to a folder, the pictures of every page are written there: to be looked at. */
const PICTURES = process.env.OUTERLOOP_PICTURES;
const WIDTHS = [1280, 390];
const HEIGHT = 800;
const COLOR_RULES = ["color-contrast", "link-in-text-block"];

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
if (PICTURES) await mkdir(PICTURES, { recursive: true });

/** Opens a page in a browser of its own, light and wide. `errors` are those of its console, scripts and requests. */
export async function visit(
  browser: Browser,
  url: string,
  look: (page: Page, errors: string[]) => Promise<void>,
): Promise<void> {
  const viewport = { width: 1280, height: HEIGHT };
  const context = await browser.newContext({ colorScheme: "light", viewport });
  try {
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("requestfailed", (request) => errors.push(`failed: ${request.url()}`));
    await page.goto(url);
    await look(page, errors);
  } finally {
    await context.close();
  }
}

/** Looks at an open page wide and narrow, light and dark: nothing is cut off, and no barrier is up. */
export async function expectItFits(page: Page, name: string): Promise<void> {
  await page.evaluate(axe);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: HEIGHT });
      const wide: number = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(wide).toBeLessThanOrEqual(width);
      const picture = `${name}-${width}-${colorScheme}.png`;
      if (PICTURES) await page.screenshot({ path: path.join(PICTURES, picture), fullPage: true });
    }
    // The dark page is the light one in other colours.
    const rules: RunOptions =
      colorScheme === "light" ? {} : { runOnly: { type: "rule", values: COLOR_RULES } };
    expect(await barriers(page, rules)).toEqual([]);
  }
}

/** What on the page can be scrolled sideways: parts of it that are out of view. */
export const sideways = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll("main *")]
      .filter((part) => part.scrollWidth > part.clientWidth && getComputedStyle(part).overflowX !== "visible")
      .map(({ className, scrollWidth, clientWidth }) => `${className}: ${scrollWidth} px in ${clientWidth}`),
  );

/** Evaluated through the debugger, which the page's policy does not bind. */
async function barriers(page: Page, options: RunOptions): Promise<string[]> {
  const whole = JSON.stringify({ resultTypes: ["violations"], ...options });
  const found: AxeResults = await page.evaluate(`axe.run(${whole})`);
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}
