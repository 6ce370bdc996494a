import { caseless, LooseNumber, Name, OptionalText, parsedJson } from "./fields.ts";
import { breachKind, isBreach } from "./monitor-metrics.ts";
import type { Measurement, SignalKind } from "./signal.ts";

/** Set on the run of the signal that breached. */
const BREACH_TAG = "azureml_modelmonitor_threshold_breached";
/** Set on the monitor's root run, only if it sends e-mail; the signal's name follows. */
const ROOT_BREACH_TAG = "azureml.modelmonitor.threshold.breached.";
/** The monitor itself failed. That is no drift. */
const ERROR_TAG = "azureml.modelmonitor.error";

/** No tag is longer; what follows is not looked at. */
const LONGEST_TAG = 65_536;
const MOST_ITEMS = 500;

const Item = caseless({
  metric_name: Name,
  metric_value: LooseNumber,
  threshold_value: LooseNumber,
  group: OptionalText,
});

/** One monitor signal's breach of one kind. */
export type MonitorBreach = { signalName: string; kind: SignalKind; measurements: Measurement[] };

/** The monitor's own failure, if its run is tagged so. */
export function monitorError(tags: ReadonlyMap<string, string>): string | undefined {
  return tagNamed(tags, ERROR_TAG);
}

/**
 * The breaches that a monitor's run is tagged with, one per monitor signal and kind. Metrics on the good side of
 * their threshold are left out: the monitor fires on accuracy above its threshold.
 *
 * @returns null for a run that carries no tag of a breach, readable or not
 */
export function monitorBreaches(tags: ReadonlyMap<string, string>): MonitorBreach[] | null {
  const texts = breachTexts(tags);
  if (texts.length === 0) return null;
  return texts.flatMap(({ text, name }) => {
    const signalName = /The signal '(.{1,256}?)' has failed/.exec(text.slice(0, 400))?.[1] ?? name;
    const items = pythonList(text).flatMap(readItem);
    if (items.length === 0) {
      return [{ signalName, kind: breachKind("", signalName), measurements: [] }];
    }
    const bad = items.filter(({ metric, value, threshold }) => {
      return value !== null && threshold !== null && isBreach(metric, value, threshold);
    });
    const byKind = Map.groupBy(bad, ({ metric }) => breachKind(metric, signalName));
    return [...byKind].map(([kind, measurements]) => ({ signalName, kind, measurements }));
  });
}

function breachTexts(tags: ReadonlyMap<string, string>): { text: string; name: string }[] {
  const own = tagNamed(tags, BREACH_TAG);
  const found = own === undefined ? [] : [{ text: own, name: "monitor" }];
  for (const [tag, text] of tags) {
    if (!tag.toLowerCase().startsWith(ROOT_BREACH_TAG)) continue;
    found.push({ text, name: tag.slice(ROOT_BREACH_TAG.length) || "monitor" });
  }
  return found.map(({ text, name }) => ({ text: text.slice(0, LONGEST_TAG), name }));
}

function tagNamed(tags: ReadonlyMap<string, string>, name: string): string | undefined {
  const exact = tags.get(name);
  if (exact !== undefined) return exact;
  for (const [tag, text] of tags) {
    if (tag.length === name.length && tag.toLowerCase() === name) return text;
  }
  return undefined;
}

function readItem(text: string): Measurement[] {
  const item = Item.safeParse(parsedJson(text));
  if (!item.success) return [];
  const { metric_name, metric_value, threshold_value, group } = item.data;
  const measurement = {
    metric: metric_name,
    value: metric_value ?? null,
    threshold: threshold_value ?? null,
  };
  return [group === undefined ? measurement : { ...measurement, group }];
}

/** `repr` writes every other character that cannot be printed by its code. */
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };
const CODE_LENGTH: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/**
 * The strings of the first Python list in a text, as `repr` prints them: single quotes outside, double ones where an
 * item holds an apostrophe, backslash escapes inside. What cannot be read ends the list; one pass, no look-back.
 */
function pythonList(text: string): string[] {
  const items: string[] = [];
  let at = text.indexOf("['");
  const double = text.indexOf('["');
  if (at < 0 || (double >= 0 && double < at)) at = double;
  if (at < 0) return items;
  at += 1;
  while (items.length < MOST_ITEMS) {
    const quote = text[at];
    if (quote !== "'" && quote !== '"') break;
    const item = pythonString(text, at + 1, quote);
    if (item === null) break;
    items.push(item.value);
    at = item.end;
    while (text[at] === "," || text[at] === " " || text[at] === "\n") at += 1;
  }
  return items;
}

const BACKSLASH = 92;

function pythonString(text: string, start: number, quote: string): { value: string; end: number } | null {
  let value = "";
  let from = start;
  const end = quote.charCodeAt(0);
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === end) return { value: value + text.slice(from, at), end: at + 1 };
    if (code !== BACKSLASH) continue;
    const { meant, length } = escaped(text, at + 1);
    value += text.slice(from, at) + meant;
    at += length;
    from = at + 1;
  }
  return null;
}

/** What stands after a backslash, and how many characters it takes. */
function escaped(text: string, at: number): { meant: string; length: number } {
  const char = text.charAt(at);
  const digits = CODE_LENGTH[char] ?? 0;
  const code = Number.parseInt(text.slice(at + 1, at + 1 + digits), 16);
  if (code >= 0 && code <= 0x10ffff) return { meant: String.fromCodePoint(code), length: 1 + digits };
  return { meant: ESCAPES[char] ?? char, length: 1 };
}
