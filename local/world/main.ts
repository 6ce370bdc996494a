/** `npm run world -- NAME`: a world in fast motion, without any cloud: how its model goes wrong, and what is done. */
import { ArgumentError } from "./jobs/command.ts";
import { WORLD_NAMES, type WorldName, worldNamed } from "./worlds.ts";

/**
 * Prints what happens in one world, a line at a time, each within 110 columns.
 *
 * @param args - what follows the world's name on the command line
 * @throws {ArgumentError} when an argument is wrong
 */
export type Play = (args: readonly string[], print: (line: string) => void) => Promise<void>;

/** A world is one line here: its file, loaded only when it is asked for. */
const WORLDS: Readonly<Record<WorldName, () => Promise<Play>>> = {
  classical: async () => (await import("./classical/play.ts")).play,
  vision: async () => (await import("./vision/play.ts")).play,
  language: async () => (await import("./language/play.ts")).play,
};

const [name = "", ...args] = process.argv.slice(2);
try {
  const world = worldNamed(name);
  if (!world) {
    const found = name === "" ? "No world is named" : `World '${name}' is unknown`;
    throw new ArgumentError(`${found}, expected npm run world -- ${WORLD_NAMES.join(" or ")}.`);
  }
  const play = await WORLDS[world]();
  await play(args, (line) => console.log(line));
} catch (error) {
  if (!(error instanceof ArgumentError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
