import * as z from "zod";
import {
  caseless,
  fieldAt,
  isRecord,
  LooseNumber,
  OptionalText,
  parsedJson,
  readTextMap,
  readTime,
} from "./fields.ts";
import type { Signal, SignalKind, Subject } from "./signal.ts";

/** One condition of a metric or log alert that holds, or no longer holds. */
export type Criterion = {
  metric: string;
  namespace: string;
  operator: string;
  value: number | null;
  threshold: number | null;
  query: string;
  webTest: boolean;
  /** By name in lower case. */
  dimensions: ReadonlyMap<string, string>;
};

/** An alert, whichever of the seven schemas it came in. */
export type Alert = {
  /** The monitoring service in lower case, such as `platform`; it chooses the parser. */
  service: string;
  /** The alert's own id where it has one, else what names it. */
  id: string;
  rule: string;
  state: Signal["state"];
  /** 0 to 4; null when the sender does not grade it. */
  severity: number | null;
  /** When it fired, or when it resolved, in UTC. */
  occurredAt: string;
  targets: readonly string[];
  description: string | undefined;
  window: string | undefined;
  criteria: readonly Criterion[];
  /** What the author of the alert rule added: `outerloop.kind` overrides what would be read from the metric. */
  custom: ReadonlyMap<string, string>;
  /** The rest, as sent: activity log, health, search. */
  context: unknown;
};

/** What an alert says, beside what every alert says. `identity` replaces the alert's own id. */
export type AlertMeaning = {
  rule: string;
  kind: SignalKind;
  state?: Signal["state"];
  severity?: number;
  identity?: string;
  subject?: Subject;
  facts?: Record<string, string | undefined>;
};

const MOST_CRITERIA = 20;

const CriterionFields = caseless({
  metricName: OptionalText,
  metricNamespace: OptionalText,
  metricMeasureColumn: OptionalText,
  operator: OptionalText,
  threshold: LooseNumber,
  metricValue: LooseNumber,
  searchQuery: OptionalText,
  webTestName: OptionalText,
  dimensions: z.unknown().optional(),
});

const Dimension = caseless({ name: z.string(), value: OptionalText });

/** The criteria of a condition in any schema; what cannot be read is left out. */
export function readCriteria(allOf: unknown): Criterion[] {
  const list = Array.isArray(allOf) ? allOf.slice(0, MOST_CRITERIA).filter(isRecord) : [];
  return list.map((entry) => {
    const one = CriterionFields.parse(entry);
    return {
      metric: one.metricName ?? one.metricMeasureColumn ?? "",
      namespace: (one.metricNamespace ?? "").toLowerCase(),
      operator: (one.operator ?? "").toLowerCase().replaceAll(" ", ""),
      value: one.metricValue ?? null,
      threshold: one.threshold ?? null,
      query: one.searchQuery ?? "",
      webTest: one.webTestName !== undefined,
      dimensions: readDimensions(one.dimensions),
    };
  });
}

export function readDimensions(dimensions: unknown): ReadonlyMap<string, string> {
  const list = Array.isArray(dimensions) ? dimensions.slice(0, 50) : [];
  return new Map(
    list.flatMap((one): [string, string][] => {
      const read = Dimension.safeParse(one);
      return read.success && read.data.value !== undefined
        ? [[read.data.name.toLowerCase(), read.data.value]]
        : [];
    }),
  );
}

const SEVERITY_WORDS = ["critical", "error", "warning", "informational", "verbose"];

/** `Sev2`, `"2"` or `Warning`; null for anything else. */
export function readSeverity(text: string | undefined): number | null {
  const number = /^(?:sev)?([0-4])$/i.exec(text ?? "")?.[1];
  if (number !== undefined) return Number(number);
  const word = SEVERITY_WORDS.indexOf((text ?? "").toLowerCase());
  return word < 0 ? null : word;
}

/** Absent means fired. */
export const readState = (text: string | undefined): Signal["state"] =>
  /^(resolved|deactivated)$/i.test(text ?? "") ? "cleared" : "raised";

/** Reads custom properties, wherever a schema puts them; values of other types than text are left out. */
export function readCustom(...places: unknown[]): ReadonlyMap<string, string> {
  return new Map(places.flatMap((place) => [...readTextMap(place)]));
}

/** The first of these that is a date. */
export const firstTime = (...texts: unknown[]): string | null =>
  texts.reduce<string | null>((found, text) => found ?? readTime(text), null);

/** The object at a field, whatever the case of its key, also where it came as JSON text. */
export function recordAt(value: unknown, name: string): Record<string, unknown> {
  const found = parsedJson(fieldAt(value, name));
  return isRecord(found) ? found : {};
}

/** Their alert id is unique per alert, so that Fired and Resolved of one alert share it. */
const UNIQUE_ID = new Set([
  "platform",
  "logalertsv2",
  "loganalytics",
  "applicationinsights",
  "smartdetector",
]);

/** Whether a monitoring service gives each alert an id of its own; else the id names the rule, or is a constant. */
export const hasUniqueId = (service: string): boolean => UNIQUE_ID.has(service);
