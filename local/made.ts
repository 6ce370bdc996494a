/** Remembers of which files something was made, so that it is made anew only when one of them has changed. */
import { hash } from "node:crypto";
import {
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "..");
/** Where it is remembered, and where what only this machine needs is kept. */
export const CACHE = path.join(ROOT, "node_modules", ".cache", "outerloop");
/** Changes with every package that is installed: their files need not be looked at one by one. */
const INSTALLED = path.join("node_modules", ".package-lock.json");
/** What a process that still runs may load later is not thrown away under it. */
const KEPT_DAYS = 7;

/** Paths, absolute or from the repository's root. */
export interface Made {
  /** What it consists of, what one begins with first. */
  readonly files: readonly string[];
  /** What it was made of; those of installed packages count by what is installed. */
  readonly sources: readonly string[];
}

/** A stamp for each file. */
type Stamps = Readonly<Record<string, string>>;

/**
 * Makes something, unless it is there and all that it was made of is as it was.
 *
 * @param name - what it is remembered by
 * @returns the paths of its files, absolute
 * @throws what `make` throws
 */
export async function madeOnce(name: string, make: () => Promise<Made>): Promise<readonly string[]> {
  const record = path.join(CACHE, `${digest(name)}.json`);
  const known = readRecord(record);
  if (known) return known;
  const { files, sources } = await make();
  const looked = sources.filter((source) => !source.includes("node_modules/"));
  const stamps = { files: stampsOf(files), sources: stampsOf([...looked, INSTALLED]) };
  writeWhole(record, Buffer.from(JSON.stringify(stamps)));
  dropOld();
  return files.map(absolute);
}

/**
 * Writes a file unless it is so already: two things may have it in common. Several processes may do so at once: nobody
 * sees it half-written.
 */
export function writeWhole(file: string, contents: Uint8Array): void {
  if (existsSync(file) && readFileSync(file).equals(contents)) return;
  mkdirSync(path.dirname(file), { recursive: true });
  const whole = `${file}.${process.pid}`;
  writeFileSync(whole, contents);
  renameSync(whole, file);
}

const absolute = (file: string): string => path.resolve(ROOT, file);

const digest = (text: string): string => hash("sha256", text).slice(0, 16);

/** @returns undefined when there is none, and when a file is no longer what it was */
function readRecord(record: string): readonly string[] | undefined {
  try {
    const { files, sources }: Record<"files" | "sources", Stamps> = JSON.parse(readFileSync(record, "utf8"));
    const isFresh = [files, sources].every((stamps) =>
      Object.entries(stamps).every(([file, stamp]) => stamp === stampOf(file)),
    );
    return isFresh ? Object.keys(files).map(absolute) : undefined;
  } catch {
    return undefined;
  }
}

const stampsOf = (files: readonly string[]): Stamps =>
  Object.fromEntries(files.map((file) => [file, stampOf(file)]));

/** Tells one state of a file from another without reading it. @throws when there is no such file */
function stampOf(file: string): string {
  const { mtimeMs, size } = statSync(absolute(file));
  return `${mtimeMs} ${size}`;
}

function dropOld(): void {
  const before = Date.now() - KEPT_DAYS * 86_400_000;
  for (const name of globSync("*", { cwd: CACHE })) {
    const file = path.join(CACHE, name);
    if (statSync(file).mtimeMs < before) rmSync(file, { force: true });
  }
}
