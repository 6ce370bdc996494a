import { styleText } from "node:util";
import type { Outcome } from "./story.ts";

/** What the loop was worth, in figures. */
export function closingTable({ first, drift, retrained, ledgerEntries }: Outcome, seconds: number): string {
  const degrees = (value: number | null, unit: string) =>
    value === null ? "–" : `${value.toFixed(2)} ${unit}`;
  const saved = retrained.champion === null ? null : 1 - retrained.candidate / retrained.champion;
  const name = drift.group ? `${drift.metric} of ${drift.group}` : drift.metric;
  const rows: [string, string][] = [
    ["Version 1 when it was released", degrees(first.candidate, first.unit)],
    [`Drift: ${name}`, `${drift.value?.toFixed(2)} (limit ${drift.threshold})`],
    ["Version 1 after the season turned", degrees(retrained.champion, retrained.unit)],
    ["Version 2 on the same days", degrees(retrained.candidate, retrained.unit)],
    [
      "Error taken away",
      saved === null ? "–" : `${(saved * 100).toFixed(0)} % (over ${retrained.rows} days)`,
    ],
    ["Ledger", `${ledgerEntries} entries, verified`],
    ["Took", `${seconds.toFixed(0)} s`],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.map(([label, value]) => `  ${label.padEnd(width)}   ${styleText("bold", value)}`);
  return `\n${lines.join("\n")}\n\nAll of it happened: nothing above was written down beforehand.\n`;
}
