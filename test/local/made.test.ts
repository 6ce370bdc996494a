import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { madeOnce, writeWhole } from "../../local/made.ts";

/** Copies `source` to `copy`, and counts how often. */
function copying() {
  const folder = mkdtempSync(join(tmpdir(), "outerloop-made-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const source = join(folder, "source");
  const copy = join(folder, "copy");
  writeFileSync(source, "one");
  const at = { source, copy, times: 0 };
  const make = async () => {
    at.times += 1;
    writeWhole(copy, readFileSync(source));
    return { files: [copy], sources: [source] };
  };
  return Object.assign(at, { once: () => madeOnce(folder, make) });
}

test("what has been made is there for whoever asks again", async () => {
  const at = copying();
  expect(await at.once()).toEqual([at.copy]);
  expect(await at.once()).toEqual([at.copy]);
  expect(at.times).toBe(1);
});

test("it is made anew when a source has changed", async () => {
  const at = copying();
  await at.once();
  writeFileSync(at.source, "the second");
  await at.once();
  expect([at.times, readFileSync(at.copy, "utf8")]).toEqual([2, "the second"]);
});

test("it is made anew when it is gone, or somebody has changed it", async () => {
  const at = copying();
  await at.once();
  rmSync(at.copy);
  await at.once();
  writeFileSync(at.copy, "meddled with");
  await at.once();
  expect([at.times, readFileSync(at.copy, "utf8")]).toEqual([3, "one"]);
});

test("a file that is so already is not touched: what else was made of it stays as it is", async () => {
  const at = copying();
  await at.once();
  writeWhole(at.copy, Buffer.from("one"));
  await at.once();
  expect(at.times).toBe(1);
});
