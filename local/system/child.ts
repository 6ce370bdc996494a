import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";

/** A part of the system did not start; the message is what it said itself. */
export class StartError extends Error {
  override name = "StartError";
}

/** Longest that a part may take to stop by itself before it is ended. */
const STOP_TIMEOUT_MS = 10_000;

/** One process of the system: it says `{"event":"ready",…}` when it serves, and ends when its parent does. */
export interface Child {
  readonly ready: Readonly<Record<string, unknown>>;
  /** Resolves when the process has ended, however it ended. */
  readonly ended: Promise<void>;
  /** Sends the one word that a part may wait for. */
  begin(): void;
  stop(): Promise<void>;
}

/**
 * Starts a TypeScript entry with this very Node. What it says goes to a log file; its ready line comes back.
 *
 * @throws {StartError} when it ends before it is ready, with its last words
 */
export async function startChild(
  entry: string,
  args: readonly string[],
  options: { env: Readonly<Record<string, string>>; logFile: string; cwd: string },
): Promise<Child> {
  // The IPC channel is the leash: it breaks when this process ends, even by SIGKILL, and the child then stops.
  const child = spawn(process.execPath, [entry, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const log = createWriteStream(options.logFile, { flags: "a" });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => log.end(resolve));
    child.once("error", () => log.end(resolve));
  });
  return {
    ready: await readyLine(child),
    ended,
    begin: () => void child.send("begin"),
    stop: () => stop(child, ended),
  };
}

function readyLine(child: ChildProcess): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    let lastWords = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      lastWords = (lastWords + chunk.toString()).slice(-4_000);
    });
    child.once("error", reject);
    child.once("close", (code) => {
      reject(
        new StartError(lastWords.trim().split("\n").at(-1) || `it ended with code ${code} and said nothing`),
      );
    });
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (!line.startsWith('{"event":"ready"')) return;
      resolve(JSON.parse(line));
    });
  });
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
