import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";

export type Ran = { code: number | null; out: string; err: string };

/** Runs one of the tools as a user does, in the repository's root. */
export function run(tool: "explain" | "backtest", ...args: string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`tools/${tool}.ts`, ...args], {
    encoding: "utf8",
    maxBuffer: 100_000_000,
  });
  return { code: status, out: stdout, err: stderr };
}

/** A file of a folder that is gone after the test. */
export function temporaryFile(name: string, text?: string): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "outerloop-tools-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, name);
  if (text !== undefined) writeFileSync(file, text);
  return file;
}
