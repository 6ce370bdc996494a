import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import * as z from "zod/mini";
import { HostStartError, messageOf } from "../errors.ts";
import { wordsOf } from "../zod-words.ts";

const AppPackage = z.looseObject({
  main: z.optional(z.string().check(z.minLength(1))),
  type: z.optional(z.string()),
});

/** Entry files already evaluated in this process: another host has to evaluate them anew to see their registrations. */
const loadedBefore = new Map<string, number>();

/**
 * The entry files that the app's `package.json#main`, a glob, names.
 *
 * @returns absolute paths in match order
 * @throws {HostStartError} when the folder, the package file, `main` or a match is missing
 */
export function findEntryFiles(appFolder: string): string[] {
  if (!existsSync(appFolder) || !statSync(appFolder).isDirectory()) {
    throw new HostStartError(`There is no app folder '${appFolder}'.`);
  }
  const { main } = readPackage(appFolder);
  if (!main) {
    throw new HostStartError(
      `package.json in '${appFolder}' has no "main", expected the file (or glob) that registers the functions.`,
    );
  }
  // Most apps name one file, and Node loads a good deal for its first pattern.
  const named = path.join(appFolder, main);
  if (statSync(named, { throwIfNoEntry: false })?.isFile()) return [named];
  const files = globSync(main, { cwd: appFolder }).map((file) => path.join(appFolder, file));
  if (files.length > 0) return files;
  throw new HostStartError(
    /[*?[{]/.test(main)
      ? `Found zero files matching the "main" pattern '${main}' of package.json in '${appFolder}'.`
      : `Worker was unable to find the entry point '${main}' that "main" in package.json of '${appFolder}' names. Is the app built?`,
  );
}

/**
 * Loads the entry files one after another.
 *
 * @throws {HostStartError} when one cannot be loaded, with the app's own error as cause
 */
export async function loadEntryFiles(appFolder: string, files: readonly string[]): Promise<void> {
  const isModulePackage = readPackage(appFolder).type === "module";
  for (const file of files) {
    try {
      if (isEsModule(file, isModulePackage)) await importAnew(file);
      else requireAnew(file);
    } catch (error) {
      throw new HostStartError(
        `Worker was unable to load entry point "${path.relative(appFolder, file)}": ${describe(error)}`,
        { cause: error },
      );
    }
  }
}

function readPackage(appFolder: string): z.infer<typeof AppPackage> {
  const file = path.join(appFolder, "package.json");
  if (!existsSync(file)) throw new HostStartError(`There is no package.json in '${appFolder}'.`);
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new HostStartError(`package.json in '${appFolder}' cannot be read: ${messageOf(error)}`);
  }
  const { data, error } = AppPackage.safeParse(raw);
  if (data) return data;
  throw new HostStartError(`package.json in '${appFolder}' is wrong: ${wordsOf(error)}`);
}

function isEsModule(file: string, isModulePackage: boolean): boolean {
  const extension = path.extname(file);
  return (
    extension === ".mjs" ||
    extension === ".mts" ||
    (isModulePackage && (extension === ".js" || extension === ".ts"))
  );
}

async function importAnew(file: string): Promise<void> {
  const times = loadedBefore.get(file) ?? 0;
  loadedBefore.set(file, times + 1);
  const url = pathToFileURL(file);
  if (times > 0) url.searchParams.set("load", String(times));
  await import(url.href);
}

function requireAnew(file: string): void {
  const require = createRequire(file);
  delete require.cache[file];
  require(file);
}

/** A syntax error's message lacks the place; its stack begins with it. */
function describe(error: unknown): string {
  const place =
    error instanceof SyntaxError ? /^(?:file:\/\/)?(\S+:\d+)/.exec(error.stack ?? "")?.[1] : undefined;
  return place ? `${messageOf(error)} (${place})` : messageOf(error);
}
