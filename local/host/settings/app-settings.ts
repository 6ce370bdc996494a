import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import * as z from "zod/mini";
import { HostStartError, messageOf } from "../errors.ts";
import { wordsOf } from "../zod-words.ts";
import { parseLenientJson } from "./lenient-json.ts";

/** Looks a setting up by name: exactly first, then ignoring case, as the platform's configuration does. */
export type AppSettings = (name: string) => string | undefined;

export const processSettings: AppSettings = (name) => {
  const exact = process.env[name];
  if (exact !== undefined) return exact;
  const lower = name.toLowerCase();
  const key = Object.keys(process.env).find((candidate) => candidate.toLowerCase() === lower);
  return key === undefined ? undefined : process.env[key];
};

const Value = z.pipe(z.union([z.string(), z.number(), z.boolean()]), z.transform(String));

const LocalSettings = z.looseObject({
  IsEncrypted: z.optional(z.boolean()),
  Values: z._default(z.record(z.string(), Value), {}),
  Host: z._default(
    z.looseObject({
      LocalHttpPort: z.optional(z.int().check(z.minimum(1), z.maximum(65_535))),
      CORS: z.optional(z.string()),
      CORSCredentials: z.optional(z.boolean()),
    }),
    {},
  ),
});

export type LocalSettings = z.infer<typeof LocalSettings>;

/** Reads `local.settings.json`; a folder without one has no local settings. */
export function readLocalSettings(appFolder: string): LocalSettings {
  const file = path.join(appFolder, "local.settings.json");
  if (!existsSync(file)) return LocalSettings.parse({});
  const refuse = (reason: string) =>
    new HostStartError(`local.settings.json in '${appFolder}' cannot be read: ${reason}`);
  let raw: unknown;
  try {
    raw = parseLenientJson(readFileSync(file, "utf8"));
  } catch (error) {
    throw refuse(messageOf(error));
  }
  const { data, error } = LocalSettings.safeParse(raw);
  if (error) throw refuse(wordsOf(error));
  if (data.IsEncrypted) throw refuse("IsEncrypted is true, expected plain values");
  return data;
}

/** Sets environment variables and answers the way back to what was there before. */
export function applyEnvironment(values: Readonly<Record<string, string>>, override: boolean): () => void {
  const before = new Map<string, string | undefined>();
  for (const [name, value] of Object.entries(values)) {
    if (!override && process.env[name] !== undefined) continue;
    before.set(name, process.env[name]);
    process.env[name] = value;
  }
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

/**
 * Replaces every `%NAME%` by the setting of that name.
 *
 * @throws {Error} naming the first setting that does not exist
 */
export function resolveSettings(text: string, settings: AppSettings): string {
  return text.replace(/%([^%\s]+)%/g, (_, name: string) => {
    const value = settings(name);
    if (value === undefined)
      throw new Error(`'%${name}%' does not resolve to a value: there is no app setting '${name}'.`);
    return value;
  });
}

/** A disabled function has the app setting `AzureWebJobs.<name>.Disabled` (or with `_`, where dots are not allowed). */
export function isDisabled(functionName: string, settings: AppSettings): boolean {
  const value =
    settings(`AzureWebJobs.${functionName}.Disabled`) ??
    settings(`AzureWebJobs_${functionName}_Disabled`) ??
    "";
  return value === "1" || value.toLowerCase() === "true";
}

/**
 * The connection string that a binding's `connection` names: the setting itself or with the `AzureWebJobs` prefix.
 *
 * @throws {Error} when there is none
 */
export function connectionString(name: string, settings: AppSettings): string {
  const value = settings(name) ?? settings(`AzureWebJobs${name}`);
  if (value) return value;
  throw new Error(
    `connection '${name}': there is no app setting of that name, expected a connection string in it.`,
  );
}
