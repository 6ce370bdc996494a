import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A part of the system did not start; the message is what it said itself. */
export class StartError extends Error {
  override name = "StartError";
}

const RUN = fileURLToPath(new URL("../run.js", import.meta.url));

/** Longest that a part may take to stop by itself before it is ended. */
const STOP_TIMEOUT_MS = 10_000;

/** One process of the system: it says `{"event":"ready",…}` when it serves, and ends when its parent does. */
export interface Child {
  /** What it says when it is ready; rejects with a {@link StartError} when it ends before, with its last words. */
  readonly ready: Promise<Readonly<Record<string, unknown>>>;
  /** Resolves with its last words when the process has ended, however it ended. */
  readonly ended: Promise<string>;
  /** Sends the one word that a part may wait for. */
  begin(): void;
  stop(): Promise<void>;
}

/** Starts a program of this repository with this very Node. What it says goes to a log file, its ready line to the caller. */
export function startChild(
  program: string,
  args: readonly string[],
  options: { env: Readonly<Record<string, string>>; logFile: string; cwd: string },
): Child {
  // The IPC channel is the leash: it breaks when this process ends, even by SIGKILL, and the child then stops.
  const child = spawn(process.execPath, [RUN, program, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const log = createWriteStream(options.logFile, { flags: "a" });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  const ended = lastWords(child);
  void ended.finally(() => log.end());
  return {
    ready: readyLine(child, ended),
    ended,
    begin: () => void child.send("begin"),
    stop: () => stop(child, ended),
  };
}

function lastWords(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let words = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-4_000);
    });
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code) =>
      resolve(words.trim().split("\n").at(-1) || `it ended with code ${code} and said nothing`),
    );
  });
}

function readyLine(child: ChildProcess, ended: Promise<string>): Child["ready"] {
  const { promise, resolve, reject } = Promise.withResolvers<Readonly<Record<string, unknown>>>();
  // Who stops a child before it is ready does not ask for this.
  promise.catch(() => {});
  void ended.then((words) => reject(new StartError(words)));
  if (child.stdout) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith('{"event":"ready"')) resolve(JSON.parse(line));
    });
  }
  return promise;
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
