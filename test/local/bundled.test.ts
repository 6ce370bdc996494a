import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { bundleOf, importBundled } from "../../local/bundled.ts";
import { PROGRAMS } from "../../local/system/system.ts";

/** A folder with two modules, of which the one imports the other. */
function modules() {
  const folder = mkdtempSync(join(tmpdir(), "outerloop-bundled-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write("entry.ts", 'export { word } from "./word.ts"; export const place: string = import.meta.url;');
  write("word.ts", 'export const word: string = "first";');
  return { entry: pathToFileURL(join(folder, "entry.ts")), write };
}

test("a module comes through its bundle as it is, and takes itself to be where its source is", async () => {
  const { entry } = modules();
  const { word, place } = await importBundled<{ word: string; place: string }>(entry);
  expect({ word, place }).toEqual({ word: "first", place: entry.href });
});

test("a bundle is used again while its sources are as they were", async () => {
  const { entry } = modules();
  expect(await bundleOf(entry)).toBe(await bundleOf(entry));
});

test("a source that has changed, however deep, is bundled anew", async () => {
  const { entry, write } = modules();
  await importBundled(entry);
  write("word.ts", 'export const word: string = "the second";');
  expect(await importBundled(entry)).toMatchObject({ word: "the second" });
});

test("what cannot be bundled is imported as it is, and fails with Node's own words", async () => {
  const missing = new URL("./missing.ts", modules().entry);
  await expect(bundleOf(missing)).rejects.toThrow("Could not resolve");
  await expect(importBundled(missing)).rejects.toThrow(/missing\.ts/);
});

test("a late import of a CommonJS package, which a bundle would strip of its names, is refused", async () => {
  const { entry, write } = modules();
  write("package.cjs", "exports.word = 'first';");
  write("entry.ts", 'export const { word } = await import("./package.cjs");');
  await expect(bundleOf(entry)).rejects.toThrow(
    "entry.ts imports './package.cjs' late, which is CommonJS: import it in a module that is imported late.",
  );
  expect(await importBundled(entry)).toMatchObject({ word: "first" });
});

test.each(["local/start.ts", "local/demo.ts", "local/azure/index.ts", ...Object.values(PROGRAMS)])(
  "%s can be bundled",
  async (program) => {
    expect(await bundleOf(pathToFileURL(resolve(program)))).toMatch(/\.mjs$/);
  },
  60_000,
);
