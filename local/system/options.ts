import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { DEFAULT_WORLD, WORLD_NAMES, type WorldName, worldNamed } from "../world/worlds.ts";

/** What a person may choose about the local system; every one by flag or by variable. */
export interface SystemOptions {
  /** The Functions host. 0 takes a free port, here and below. */
  readonly port: number;
  /** The simulated Azure over HTTP and TLS. */
  readonly azurePort: number;
  /** Service Bus and Event Hubs. */
  readonly amqpPort: number;
  /** Blobs; the two ports after it are queues and tables. */
  readonly storagePort: number;
  /** Folder that holds all state. */
  readonly data: string;
  /** The model that is lived with. */
  readonly world: WorldName;
  /** How fast a day of the simulated world passes, in real seconds. */
  readonly secondsPerDay: number;
  /** One line of JSON for each event instead of words. */
  readonly json: boolean;
}

/** A flag or variable cannot be used; the message names it, what was found and what was expected. */
export class OptionError extends Error {
  override name = "OptionError";
}

const HIGHEST_PORT = 65_535;

/** Flag, variable and default of each number. */
const NUMBERS = {
  port: { variable: "OUTERLOOP_PORT", fallback: 7071 },
  "azure-port": { variable: "OUTERLOOP_AZURE_PORT", fallback: 7072 },
  "amqp-port": { variable: "OUTERLOOP_AMQP_PORT", fallback: 5672 },
  "storage-port": { variable: "OUTERLOOP_STORAGE_PORT", fallback: 10_000 },
  "seconds-per-day": { variable: "OUTERLOOP_SECONDS_PER_DAY", fallback: 3 },
} as const;

type NumberFlag = keyof typeof NUMBERS;

/**
 * Reads flags, then variables, then defaults.
 *
 * @throws {OptionError} naming the flag or variable that is not understood
 */
export function readOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): SystemOptions {
  const flags = parse(args);
  const numberOf = (flag: NumberFlag, check: (value: number) => boolean, expected: string): number => {
    const { variable, fallback } = NUMBERS[flag];
    const [from, text] =
      flags[flag] === undefined ? [variable, environment[variable]] : [`--${flag}`, flags[flag]];
    if (text === undefined || text === "") return fallback;
    const value = Number(text);
    if (!check(value)) throw new OptionError(`${from} is '${text}', expected ${expected}`);
    return value;
  };
  const port = (flag: NumberFlag) =>
    numberOf(
      flag,
      (value) => Number.isInteger(value) && value >= 0 && value <= HIGHEST_PORT,
      "a port, 0 to 65535",
    );
  return {
    port: port("port"),
    azurePort: port("azure-port"),
    amqpPort: port("amqp-port"),
    storagePort: port("storage-port"),
    data: resolve(flags.data ?? environment.OUTERLOOP_DATA ?? ".outerloop"),
    world: worldOf(flags.world, environment.OUTERLOOP_WORLD),
    secondsPerDay: numberOf("seconds-per-day", (value) => value > 0, "a number of seconds above 0"),
    json: flags.json ?? false,
  };
}

function worldOf(flag: string | undefined, variable: string | undefined): WorldName {
  const [from, text] = flag === undefined ? ["OUTERLOOP_WORLD", variable] : ["--world", flag];
  if (text === undefined || text === "") return DEFAULT_WORLD;
  const world = worldNamed(text);
  if (world) return world;
  throw new OptionError(`${from} is '${text}', expected ${WORLD_NAMES.join(", ")}`);
}

function parse(args: readonly string[]) {
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: text,
        "azure-port": text,
        "amqp-port": text,
        "storage-port": text,
        "seconds-per-day": text,
        world: text,
        data: text,
        json: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    throw new OptionError(error instanceof Error ? error.message : String(error));
  }
}
