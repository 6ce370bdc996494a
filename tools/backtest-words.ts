import { heldInWords } from "../shared/policy/reason.ts";
import type { Backtest, Verdict } from "./backtesting.ts";
import { COUNTED, type Counts, type Tally } from "./tally.ts";

/** Printed one by one; `--json` and the report have more. */
const MOST_SHOWN = 20;
const MOST_DAYS = 60;

/** A backtest as tables of text. */
export function inWords(test: Backtest, names: { policy: string; against: string | undefined }): string {
  const { policy, against, differences, differenceCount } = test;
  const parts = [`Policy ${names.policy}`, dayTable(policy), holdLines(policy)];
  if (!against) parts.push(...heldLines(policy));
  if (against) {
    parts.push("", `Policy ${names.against ?? ""}`, dayTable(against), holdLines(against));
    parts.push("", `Signals that the two answer differently: ${differenceCount}`);
    for (const { receivedAt, kind, model, before, after } of differences.slice(0, MOST_SHOWN)) {
      parts.push(`  ${receivedAt}  ${about(kind, model)}`);
      parts.push(`    before  ${verdict(before)}`, `    after   ${verdict(after)}`);
    }
    if (differenceCount > MOST_SHOWN) parts.push(`  … and ${differenceCount - MOST_SHOWN} more`);
  }
  return parts.join("\n");
}

const about = (kind: string, model: string | null): string => (model === null ? kind : `${kind} of ${model}`);

/** One by one what was held back, and why. Beside another policy, the differences say it. */
function heldLines({ held, total }: Tally): string[] {
  const lines = held
    .slice(0, MOST_SHOWN)
    .flatMap(({ receivedAt, kind, model, reaction, heldBack }) => [
      `  ${receivedAt}  ${about(kind, model)}`,
      `    ${reaction} by ${heldInWords(heldBack)}; lifted by ${heldBack.liftedBy}`,
    ]);
  return total.heldBack > MOST_SHOWN ? [...lines, `  … and ${total.heldBack - MOST_SHOWN} more`] : lines;
}

const verdict = ({ reaction, rule, heldBack }: Verdict): string =>
  `${reaction}${heldBack === null ? "" : `, held back by ${heldInWords(heldBack)}`} (${rule})`;

function dayTable({ days, total }: Tally): string {
  const all = Object.entries(days);
  const shown = all.slice(-MOST_DAYS);
  const rows: [string, Counts][] = [...shown, ["total", total]];
  const head = ["day       ", ...COUNTED].join("  ");
  const body = rows.map(([day, counts]) =>
    [day.padEnd(10), ...COUNTED.map((name) => String(counts[name]).padStart(name.length))].join("  "),
  );
  const earlier = all.length > shown.length ? [`(${all.length - shown.length} earlier days left out)`] : [];
  return [head, ...earlier, ...body].join("\n");
}

function holdLines({ holds }: Tally): string {
  const sorted = Object.entries(holds).sort(([, a], [, b]) => b - a);
  if (sorted.length === 0) return "held back: nothing";
  return `held back: ${sorted.map(([hold, times]) => `${hold} ${times}`).join(", ")}`;
}
