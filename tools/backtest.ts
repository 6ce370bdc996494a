/** `npm run backtest -- INBOX.jsonl --policy A.yaml`: recorded signals through one policy or two. Acts on nothing. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { durationMs } from "../shared/duration.ts";
import { PolicyError } from "../shared/policy/load.ts";
import { inWords } from "./backtest-words.ts";
import { backtest } from "./backtesting.ts";
import { messageOf, readPolicy, UsageError } from "./files.ts";
import { readInboxFile, type Unreadable } from "./inbox-file.ts";
import { htmlReport, svgReport } from "./report/report.ts";

const USAGE = `Usage: npm run backtest -- INBOX.jsonl --policy A.yaml [options]
Plays recorded signals through a policy, or through two to compare them.
  INBOX.jsonl     a line of {receivedAt, signal} for each, as GET /api/inbox/export writes it
  --policy FILE   the policy
  --against FILE  another one: what would change
  --takes TIME    how long an operation is taken to last, ISO 8601; default PT1H
  --report FILE   a report beside the words: .html, or .svg for the chart alone
  --json          all figures and differences as JSON instead of words
Exit code: 0; 2 when lines of the inbox could not be read (the others are used); 1 for a mistake in usage or policy.`;

/** @returns the exit code */
async function main(args: string[]): Promise<number> {
  const { values, positionals } = options(args);
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0) {
    throw new UsageError(`Name one inbox; found ${positionals.length} file names.\n\n${USAGE}`);
  }
  if (values.policy === undefined) throw new UsageError(`--policy is missing.\n\n${USAGE}`);
  const takesMs = takes(values.takes);
  const render = renderer(values.report);
  const policy = readPolicy(values.policy);
  const against = values.against === undefined ? null : readPolicy(values.against);
  const inbox = await readInboxFile(file);
  const result = backtest(inbox.received, policy, against, takesMs);
  const names = { inbox: file, policy: values.policy, against: values.against };
  if (render && values.report !== undefined) write(values.report, render(result, names));
  const { unreadable, unreadableCount } = inbox;
  if (values.json) {
    console.log(JSON.stringify({ ...names, takes: values.takes, ...result, unreadable, unreadableCount }));
  } else {
    console.log(inWords(result, names));
  }
  for (const line of complaints(file, unreadable, unreadableCount)) console.error(line);
  return unreadableCount > 0 ? 2 : 0;
}

function options(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        policy: { type: "string" },
        against: { type: "string" },
        takes: { type: "string", default: "PT1H" },
        report: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(`${messageOf(error)}\n\n${USAGE}`, { cause: error });
  }
}

function takes(text: string): number {
  if (/^P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?$/.test(text)) return durationMs(text);
  throw new UsageError(`--takes is an ISO 8601 duration such as PT1H or PT30M, found '${text}'.`);
}

function renderer(report: string | undefined) {
  if (report === undefined) return null;
  if (report.endsWith(".html")) return htmlReport;
  if (report.endsWith(".svg")) return svgReport;
  throw new UsageError(`--report takes a file that ends in .html or .svg, found '${report}'.`);
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`The report '${file}' cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

function complaints(file: string, unreadable: readonly Unreadable[], count: number): string[] {
  const listed = unreadable.map(({ line, reason }) => `${file}:${line}: ${reason}`);
  return count > listed.length ? [...listed, `… and ${count - listed.length} more lines`] : listed;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError || error instanceof PolicyError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
