import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
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
import { openChromium, UNPACK_WITHIN_MS } from "./chromium.ts";
import { expectItFits, sideways, visit } from "./visit.ts";

let browser: Browser;
let closeBrowser: () => Promise<void>;
let front: Front;
let origin: string;
let folder: string;
let labelling: ReturnType<typeof createLabelling>;

beforeAll(async () => {
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
}, UNPACK_WITHIN_MS);

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
    await visit(browser, `${origin}/labelling${at}`, async (page, errors) => {
      await expectItFits(page, `labelling${at.replace("/", "-")}`);
      expect(await sideways(page)).toEqual([]);
      // A project that is not there is a 404, which the browser's console tells.
      expect(errors.filter((text) => !text.includes("404 (Not Found)"))).toEqual([]);
    });
  },
  60_000,
);

test("a person labels an image with one press, and sees the next", async () => {
  await visit(browser, `${origin}/labelling/vision`, async (page) => {
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
  });
});
