import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { HostLog } from "../../../local/host/contract.ts";
import { type HostOptions, type RunningHost, startHost } from "../../../local/host/index.ts";

export function appFolder(name: string): string {
  return fileURLToPath(new URL(`./apps/${name}`, import.meta.url));
}

/** A folder of its own, and how to remove it. */
export function temporaryFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), "outerloop-host-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A folder of its own, removed at the end of the test. */
export function scratch(): string {
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  return folder;
}

export interface LogBook {
  readonly log: HostLog;
  readonly lines: { level: string; category: string; message: string }[];
  /** Resolves with the first line that holds `text`, also one already written. */
  until(text: string): Promise<string>;
}

export function logBook(): LogBook {
  const lines: LogBook["lines"] = [];
  const waiting: { text: string; resolve: (message: string) => void }[] = [];
  return {
    lines,
    log(level, category, message) {
      lines.push({ level, category, message });
      for (const waiter of waiting) if (message.includes(waiter.text)) waiter.resolve(message);
    },
    until(text) {
      const found = lines.find(({ message }) => message.includes(text));
      if (found) return Promise.resolve(found.message);
      const { promise, resolve } = Promise.withResolvers<string>();
      waiting.push({ text, resolve });
      return promise;
    },
  };
}

/** Serves a fixture app on a free port; the caller stops it. */
export function serve(app: string, options: Partial<HostOptions> & { data: string }): Promise<RunningHost> {
  return startHost({ app: appFolder(app), port: 0, log: () => {}, ...options });
}

/** Serves a fixture app until the end of the test. */
export async function serveInTest(app: string, options: Partial<HostOptions> = {}): Promise<RunningHost> {
  const host = await serve(app, { data: options.data ?? scratch(), ...options });
  onTestFinished(() => host.stop());
  return host;
}

/** The log line a fixture app writes with `context.info("saw", …)`, parsed. */
export async function saw(book: LogBook, marker = "saw "): Promise<unknown> {
  const line = await book.until(marker);
  return JSON.parse(line.slice(line.indexOf(marker) + marker.length));
}

export function allSeen(book: LogBook, marker = "saw "): unknown[] {
  return book.lines
    .filter(({ message }) => message.startsWith(marker))
    .map(({ message }) => JSON.parse(message.slice(marker.length)));
}
