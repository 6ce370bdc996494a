import * as z from "zod";

/** More keys than this in one object are not looked at, so that lookups stay cheap: a run has at most 50 tags. */
const MOST_KEYS = 500;

/** The longest text that is parsed as JSON inside a field: an Event Grid event is at most 1 MB. */
const LONGEST_JSON = 1_048_576;

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Named fields, and each name by its lower case. */
type Names = { readonly exact: readonly string[]; readonly byLowerCase: ReadonlyMap<string, string> };

/**
 * Picks the named keys whatever their case; where two differ only by case, the spelling asked for wins.
 * Other keys, `__proto__` among them, are never copied.
 */
function pick(value: unknown, { exact, byLowerCase }: Names): unknown {
  if (!isRecord(value)) return value;
  const found: Record<string, unknown> = {};
  let missing = 0;
  for (const name of exact) {
    if (Object.hasOwn(value, name)) found[name] = value[name];
    else missing += 1;
  }
  // Most senders spell every field as documented: the others cost a look at each key.
  if (missing > 0) pickOtherCases(value, byLowerCase, found);
  return found;
}

function pickOtherCases(
  value: Record<string, unknown>,
  byLowerCase: ReadonlyMap<string, string>,
  found: Record<string, unknown>,
): void {
  const keys = Object.keys(value);
  for (let at = 0; at < Math.min(keys.length, MOST_KEYS); at += 1) {
    const key = keys[at] ?? "";
    const name = byLowerCase.get(key.trim().toLowerCase());
    if (name !== undefined && !Object.hasOwn(found, name)) found[name] = value[key];
  }
}

/**
 * An object of which only the named fields are read, without regard to the case of their keys. Compiled, because every
 * payload passes here.
 */
export function caseless<Shape extends z.ZodRawShape>(shape: Shape) {
  const exact = Object.keys(shape);
  const names = { exact, byLowerCase: new Map(exact.map((name) => [name.toLowerCase(), name])) };
  return z.compile(z.preprocess((value) => pick(value, names), z.object(shape)));
}

/** A field of an object, whatever the case of its key; the spelling asked for wins. */
export function fieldAt(value: unknown, name: string): unknown {
  if (!isRecord(value)) return undefined;
  if (Object.hasOwn(value, name)) return value[name];
  const found: Record<string, unknown> = {};
  pickOtherCases(value, new Map([[name.toLowerCase(), name]]), found);
  return found[name];
}

/** The object itself, or the object inside a JSON text; anything else is left for the schema to refuse. */
export function parsedJson(value: unknown): unknown {
  if (typeof value !== "string" || value.length > LONGEST_JSON) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

/** A name or id: never empty, never endless. */
export const Name = z.string().trim().min(1).max(1_024);

/** Text that may be absent, null, blank or of another type; all of these read as undefined. */
export const OptionalText = z.unknown().transform(readText).optional();

export function readText(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" ? value.trim() || undefined : undefined;
}

/** A version: the number 20 and the text "20" are the same one. */
export const VersionText = z.union([z.number().int().transform(String), Name]);

/** A number from a number or from text such as `"0.3"`; null when it is absent, blank, NaN or no number. */
export const LooseNumber = z.unknown().transform(readNumber).optional();

export function readNumber(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "string" || value.length > 64 || value.trim() === "") return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** Tags and properties: a flat object of text. Whatever else a value is, it is dropped, and so is what is one too many. */
export const TextMap = z.unknown().transform(readTextMap).optional();

export function readTextMap(value: unknown): Map<string, string> {
  const texts = new Map<string, string>();
  if (!isRecord(value)) return texts;
  const keys = Object.keys(value);
  for (let at = 0; at < Math.min(keys.length, MOST_KEYS); at += 1) {
    const key = keys[at] ?? "";
    const entry = value[key];
    if (typeof entry === "string") texts.set(key, entry);
    else if (typeof entry === "number" || typeof entry === "boolean") texts.set(key, String(entry));
  }
  return texts;
}

/** As nearly all senders write it, on a day that every month has: such a date is real without asking a calendar. */
const UTC_TIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.(\d{1,9}))?Z$/;
const ISO_TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?\s*(Z|[+-]\d{2}:?\d{2})?$/i;
const US_TIME =
  /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?: (\d{1,2}):(\d{2}):(\d{2}) ?(AM|PM))?(?: (Z|[+-]\d{2}:\d{2}))?$/i;

/**
 * Reads the forms of date that Azure sends: 0 to 9 fraction digits, `Z`, an offset or nothing (UTC is meant),
 * a day alone, and `M/D/YYYY` with an optional time.
 *
 * @returns ISO 8601 in UTC with milliseconds; null when it is none of these or no real date
 */
export function readTime(value: unknown): string | null {
  if (typeof value !== "string" || value.length > 64) return null;
  const text = value.trim();
  const utc = UTC_TIME.exec(text);
  if (utc) return `${text.slice(0, 19)}.${(utc[1] ?? "").slice(0, 3).padEnd(3, "0")}Z`;
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return toIso(text, "00:00:00Z");
  const iso = ISO_TIME.exec(text);
  if (iso) {
    const [, day = "", time, fraction = "", zone = "Z"] = iso;
    return toIso(day, `${time}.${fraction.slice(0, 3).padEnd(3, "0")}${zone.toUpperCase()}`);
  }
  const us = US_TIME.exec(text);
  if (!us) return null;
  const [
    ,
    month = "",
    day = "",
    year = "",
    hour = "12",
    minute = "00",
    second = "00",
    half = "AM",
    zone = "Z",
  ] = us;
  const hours = (Number(hour) % 12) + (half.toUpperCase() === "PM" ? 12 : 0);
  const two = (part: string | number) => String(part).padStart(2, "0");
  return toIso(`${year}-${two(month)}-${two(day)}`, `${two(hours)}:${minute}:${second}${zone}`);
}

function toIso(day: string, rest: string): string | null {
  const midnight = new Date(`${day}T00:00:00Z`);
  const time = new Date(`${day}T${rest}`);
  if (Number.isNaN(midnight.getTime()) || Number.isNaN(time.getTime())) return null;
  // JavaScript takes February 30 for March 2.
  return midnight.toISOString().startsWith(day) ? time.toISOString() : null;
}

/** A moment in any form that {@link readTime} knows, as ISO 8601 in UTC. */
export const Moment = z.unknown().transform((value, context) => {
  const time = readTime(value);
  if (time !== null) return time;
  context.addIssue({ code: "custom", message: noDate(value) });
  return z.NEVER;
});

export const noDate = (value: unknown): string =>
  `expected a date such as 2026-01-31T08:00:00Z, found ${shown(value)}`;

/** A value short enough for a message; objects are named by type, so no payload ends up in a log. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === "number" || typeof value === "boolean" || value === null) return String(value);
  if (value === undefined) return "nothing";
  return Array.isArray(value) ? "a list" : "an object";
}

/** The first complaint of zod, as the dotted field and a sentence. */
export function firstProblem(error: z.ZodError, prefix = ""): { field: string; reason: string } {
  const issue = error.issues[0];
  const field = [prefix, ...(issue?.path ?? []).map(String)].filter((part) => part !== "").join(".");
  return { field, reason: `${field || "the payload"}: ${issue?.message ?? "cannot be read"}` };
}
