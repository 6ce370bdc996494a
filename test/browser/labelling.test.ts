import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import type { AxeResults } from "axe-core";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureCertificates } from "../../local/azure/front/certificates.ts";
import { type Front, startFront } from "../../local/azure/front/index.ts";
import { ManualClock } from "../../local/clock.ts";
import { plusDays } from "../../local/world/calendar.ts";
import { createLabelling } from "../../local/world/labelling/index.ts";
import { languageNature } from "../../local/world/language/nature.ts";
import type { SampleStream } from "../../local/world/sample-stream.ts";
import { visionNature } from "../../local/world/vision/nature.ts";
import { openChromium } from "./chromium.ts";

/** Set to a folder, the pictures of every page are written there: to be looked at. */
const PICTURES = process.env.OUTERLOOP_PICTURES;
const SIZES = [
  { width: 1280, height: 800 },
  { width: 390, height: 800 },
];

let browser: Browser;
let closeBrowser: () => Promise<void>;
let front: Front;
let origin: string;
let axe: string;
let folder: string;
let labelling: ReturnType<typeof createLabelling>;

beforeAll(async () => {
  axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  if (PICTURES) await mkdir(PICTURES, { recursive: true });
  folder = await mkdtemp(path.join(tmpdir(), "labelling-pages-"));
  const streams = [visionNature(), languageNature()];
  const truthOf = (id: string) => streams.map((stream) => stream.truthOf(id)).find(Boolean);
  labelling = createLabelling({ data: folder, clock: new ManualClock(), truthOf });
  for (const stream of streams) openProject(stream);
  front = await startFront({
    port: 0,
    tls: await ensureCertificates(path.join(folder, "tls"), Date.now()),
    services: [labelling.service],
  });
  origin = `http://127.0.0.1:${front.port}`;
  ({ browser, close: closeBrowser } = await openChromium());
});

afterAll(async () => {
  await closeBrowser();
  await front.stop();
  await labelling.service.stop?.();
  await rm(folder, { recursive: true, force: true });
});

/** Twelve samples of the thirtieth day, four of them labelled; and one more project that is done. */
function openProject(stream: SampleStream): void {
  const { task } = stream;
  const { queue } = labelling;
  const items = stream
    .on(plusDays(stream.startDate, 30))
    .slice(0, 12)
    .map(({ id, date, content }) => ({
      id,
      date,
      [task.column]: content,
      prediction: task.labels[0] ?? "",
      confidence: 0.31,
    }));
  const body = { column: task.column, labels: [...task.labels], items };
  queue.put(task.name, { ...body, title: `Least sure answers of the ${task.name} model, 31 March` });
  queue.annotate(task.name, 4);
  queue.put(`${task.name}-done`, { ...body, items: items.slice(0, 2) });
  queue.annotate(`${task.name}-done`);
}

test.each(["", "/vision", "/language", "/vision-done", "/language-done", "/none"])(
  "/labelling%s fits, loads whole and puts no barrier up, wide or narrow, light or dark",
  async (at) => {
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(error.message));
      page.on("requestfailed", (request) => errors.push(request.url()));
      await page.goto(`${origin}/labelling${at}`);
      await page.evaluate(axe);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        for (const size of SIZES) {
          await page.setViewportSize(size);
          const wide: number = await page.evaluate(() => document.documentElement.scrollWidth);
          expect(wide).toBeLessThanOrEqual(size.width);
          if (PICTURES)
            await page.screenshot({
              path: path.join(PICTURES, `labelling${at.replace("/", "-")}-${size.width}-${colorScheme}.png`),
              fullPage: true,
            });
        }
        const found: AxeResults = await page.evaluate("axe.run({ resultTypes: ['violations'] })");
        const serious = found.violations.filter(
          ({ impact }) => impact === "serious" || impact === "critical",
        );
        expect(serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
      }
      expect(errors).toEqual([]);
    } finally {
      await context.close();
    }
  },
  60_000,
);

test("a person labels an image with one press, and sees the next", async () => {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(`${origin}/labelling/vision`);
    expect(await page.textContent("main")).toContain("4 of 12 images labelled");
    await page.getByRole("button", { name: "7", exact: true }).click();
    await page.waitForURL(`${origin}/labelling/vision`);
    expect(await page.textContent("main")).toContain("5 of 12 images labelled");
    expect(labelling.queue.items("vision", { state: "answered", most: 20 }).at(-1)).toMatchObject({
      position: 5,
      label: "7",
      answeredBy: "person",
    });
    await page.getByRole("button", { name: "Let the demonstration answer the rest" }).click();
    await page.getByText("Everything is labelled.").waitFor();
  } finally {
    await context.close();
  }
}, 60_000);
