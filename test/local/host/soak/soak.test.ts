/**
 * Many instances through one host: all complete, memory levels off, and purging gives the file back.
 *
 * `OUTERLOOP_SOAK=full` runs the long form. The timers are due at once, so nothing is slept for.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { SoakFigures } from "./soak-process.ts";

const IS_FULL = process.env.OUTERLOOP_SOAK === "full";
const INSTANCES = IS_FULL ? 10_000 : 300;
const FIRST = IS_FULL ? 1000 : 100;
const TIMEOUT_MS = IS_FULL ? 600_000 : 60_000;
const SCRIPT = fileURLToPath(new URL("./soak-process.ts", import.meta.url));

/** What an empty store takes at most: its tables' first pages. */
const EMPTY_BYTES = 65_536;

/** In a process of its own: what the test runner holds is no part of the host's memory. */
async function soak(): Promise<SoakFigures> {
  const child = spawn(process.execPath, ["--expose-gc", SCRIPT, `${INSTANCES}`, `${FIRST}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
  if (code !== 0) throw new Error(`The soak ended with code ${code}.`);
  return JSON.parse(output.trim().split("\n").at(-1) ?? "");
}

test(
  `${INSTANCES} instances of five steps, an event and a timer complete, memory stays within 1.5 times that after ${FIRST}, and purging them shrinks the file`,
  async () => {
    const figures = await soak();
    console.info(figures);
    expect(figures.completed).toBe(INSTANCES);
    expect(figures.residentAfterAll / figures.residentAfterFirst).toBeLessThan(1.5);
    expect(figures.purged).toBe(INSTANCES);
    expect(figures.bytesBeforePurge).toBeGreaterThan(INSTANCES * 1000);
    expect(figures.bytesAfterPurge).toBeLessThan(EMPTY_BYTES);
  },
  TIMEOUT_MS,
);
