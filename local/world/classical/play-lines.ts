import { wrapped } from "../lines.ts";
import type { Finding } from "../monitors/measure.ts";
import { nameOf } from "../monitors/report.ts";
import type { Foretold, Said, Week } from "../seasons.ts";

/** An evening on which the model was retrained. */
export interface Turn {
  readonly date: string;
  readonly ahead: Week["ahead"];
}

/** Short for the page, where the column says the rest. */
const SHORT: Readonly<Record<string, string>> = {
  NormalizedWassersteinDistance: "Wasserstein",
  JensenShannonDistance: "Jensen-Shannon",
  RootMeanSquaredError: "RMSE",
  NullValueRate: "null",
  DataTypeErrorRate: "other type",
  OutOfBoundsRate: "out of bounds",
};

/** A week for people: its days, what each monitor measured and said, and what the next four weeks will bring. */
export function weekLines({ date, days, said, retrained, ahead }: Week): string[] {
  const outlook = `RMSE ${fixed(ahead.stale)} of version 1, ${fixed(ahead.champion)} of the model that serves now (${lessOf(ahead)})`;
  return [
    "",
    `week to ${date}     foretold     came    error   (in the evening, for the day after)`,
    ...days.map(dayLine),
    ...said.flatMap(monitorLines),
    ...wrapped("four weeks ahead", [outlook]),
    ...(retrained ? wrapped("RETRAINED", [`on the evening of ${date}`]) : []),
  ];
}

export function summaryLines(turns: readonly Turn[]): string[] {
  if (turns.length === 0) return ["", "No monitor reported a breach: nothing was retrained."];
  const lines = turns.map(({ date, ahead }) => {
    const cells = [fixed(ahead.stale), fixed(ahead.champion), lessOf(ahead)].map((cell) => cell.padStart(11));
    return `  ${date} ${cells.join(" ")}`;
  });
  return [
    "",
    "Retrained on   version 1   retrained               (RMSE of the four weeks that followed)",
    ...lines,
  ];
}

function dayLine({ date, prediction, truth }: Foretold): string {
  const error = prediction - truth;
  const cells = [fixed(prediction), fixed(truth), `${error < 0 ? "" : "+"}${fixed(error)}`];
  return `  ${date}        ${cells.map((cell) => cell.padStart(8)).join(" ")}`;
}

function monitorLines({ signal, rows, findings, breaches }: Said): string[] {
  const byMetric = Map.groupBy(findings, ({ metric, type, threshold, baseline }) =>
    baseline === undefined ? `${metric} ${type}` : `${metric} ${threshold}`,
  );
  const parts = [...byMetric.values()].flatMap(metricParts);
  const words =
    breaches.length > 0 ? [`BREACH: ${breaches.map(nameOf).join(", ")}`] : [`no breach in ${rows} days`];
  return [...wrapped(signal, parts), ...wrapped("", words)];
}

/** `Wasserstein (limit 2.6): temp_max 1.26` and the others; shares of nothing are left out. */
function metricParts(findings: readonly Finding[]): string[] {
  const [first] = findings;
  if (!first) return [];
  const limit = first.threshold === null ? "" : ` (limit ${first.threshold})`;
  const isRate = first.baseline !== undefined;
  const shown = findings.filter(({ value }) => !isRate || value !== 0);
  const cells = shown.map(({ group, value }) =>
    `${group ?? ""} ${value === null ? "nothing to measure" : fixed(value)}`.trim(),
  );
  const [head = "0 everywhere", ...rest] = cells;
  return [`${SHORT[first.metric] ?? first.metric}${limit}: ${head}`, ...rest];
}

function lessOf({ stale, champion }: Week["ahead"]): string {
  const percent = Math.round(100 * (1 - champion / stale));
  return `${Math.abs(percent)} % ${percent < 0 ? "more" : "less"}`;
}

const fixed = (value: number) => value.toFixed(2);
