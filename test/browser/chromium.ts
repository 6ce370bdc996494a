import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";

/** Chromium is unpacked first: seconds on an idle machine, many on one that is busy. */
export const UNPACK_WITHIN_MS = 120_000;

/** Loopback only: no page reaches the network, whatever it holds. */
const ARGS = [
  "--no-sandbox",
  "--headless=shell",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
];

const LIBRARY_FOLDERS = ["/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib"];

/**
 * Starts the bundled Chromium out of a folder of its own: the package would reuse a binary of any version that it
 * finds in the common temporary folder.
 */
export async function openChromium(): Promise<{ browser: Browser; close: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "outerloop-browser-"));
  const before = { ...process.env };
  process.env.TMPDIR = folder;
  // A bare machine lacks the libraries of Chromium; this makes the package unpack its own.
  if (!LIBRARY_FOLDERS.some((path) => existsSync(join(path, "libnss3.so")))) {
    process.env.AWS_LAMBDA_JS_RUNTIME = "nodejs24.x";
  }
  const { default: bundled } = await import("@sparticuz/chromium");
  const executablePath = await bundled.executablePath();
  const env = Object.fromEntries(
    Object.entries(process.env).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]])),
  );
  const browser = await chromium.launch({ executablePath, args: ARGS, env });
  process.env = before;
  return {
    browser,
    async close() {
      await browser.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
