/** `npm run explain -- FILE`: what a payload would become, and what it would lead to. Acts on nothing. */
import { parseArgs } from "node:util";
import { PolicyError } from "../shared/policy/load.ts";
import { DOORS, type Door } from "./doors.ts";
import { explain, inWords } from "./explanation.ts";
import { messageOf, readInput, readMoment, readPolicy, readStates, UsageError } from "./files.ts";

const USAGE = `Usage: npm run explain -- FILE [options]
Says what a payload would become, which reaction would follow, by which rule, and what would hold it back.
  FILE           the payload as it was received; - reads standard input
  --door DOOR    ${DOORS.join(", ")}; without it, recognised from the body
  --policy FILE  default policy.yaml
  --state FILE   what is known of the models, as GET /api/models gives it; without it, nothing
  --at TIME      the moment to decide at, such as 2026-07-01T12:00:00Z; default now
  --json         {outcome, rule, reason, field, signals, decisions} instead of words
Exit code: 0 for a signal, a handshake or ignored; 2 for rejected; 1 for a mistake in usage or policy.`;

/** @returns the exit code */
function main(args: string[]): number {
  const { values, positionals } = options(args);
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0) {
    throw new UsageError(`Name one payload; found ${positionals.length} file names.\n\n${USAGE}`);
  }
  const explained = explain(
    readInput(file, "payload"),
    doorOf(values.door),
    readPolicy(values.policy),
    values.state === undefined ? [] : readStates(values.state),
    values.at === undefined ? new Date() : readMoment(values.at, "--at"),
  );
  const { explanation } = explained;
  console.log(values.json ? JSON.stringify(explanation, null, 2) : inWords(explained, values.policy));
  return explanation.outcome === "rejected" ? 2 : 0;
}

function options(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        door: { type: "string" },
        policy: { type: "string", default: "policy.yaml" },
        state: { type: "string" },
        at: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(`${messageOf(error)}\n\n${USAGE}`, { cause: error });
  }
}

function doorOf(name: string | undefined): Door | undefined {
  const door = DOORS.find((one) => one === name);
  if (name === undefined || door !== undefined) return door;
  throw new UsageError(`--door takes one of ${DOORS.join(", ")}, found '${name}'.`);
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError || error instanceof PolicyError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
