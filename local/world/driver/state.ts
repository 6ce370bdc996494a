import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { START_DATE } from "./settings.ts";

/** What the world must not forget. */
const WorldState = z.object({
  /** Today, in the world. */
  date: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
  /** Version 1 of the model is registered: from here on days pass. */
  isPrepared: z.boolean(),
  /** The last day whose data was published and whose monitors were submitted. */
  monitoredOn: z.string().nullable(),
});
export type WorldState = z.infer<typeof WorldState>;

const BEGINNING: WorldState = { date: START_DATE, isPrepared: false, monitoredOn: null };

/** @throws {Error} naming the file when it holds something else: deleting it begins anew */
export async function readState(file: string): Promise<WorldState> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch {
    return BEGINNING;
  }
  try {
    return WorldState.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(
      `${file} is not the state of a world, expected JSON with a date: delete it to begin anew.`,
      {
        cause: error,
      },
    );
  }
}

/** Whole or not at all, and on the disk before it returns. */
export async function writeDurably(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const next = await open(`${file}.new`, "w");
  try {
    await next.writeFile(text);
    await next.sync();
  } finally {
    await next.close();
  }
  await rename(`${file}.new`, file);
}
