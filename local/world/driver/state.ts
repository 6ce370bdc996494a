import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import * as z from "zod";

/** What the world must not forget. */
export const WorldState = z.object({
  /** Today, in the world. */
  date: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
  /** Version 1 of the model is registered: from here on days pass. */
  isPrepared: z.boolean(),
  /** The last day whose data was published and whose monitors were submitted. */
  monitoredOn: z.string().nullable(),
});
export type WorldState = z.infer<typeof WorldState>;

/** Before the first of its days. */
export const beginning = (date: string): WorldState => ({ date, isPrepared: false, monitoredOn: null });

/**
 * What a file keeps; `fresh` when there is none yet.
 *
 * @throws {Error} naming the file when it holds something else: deleting it begins anew
 */
export async function readState<T>(file: string, schema: z.ZodType<T>, fresh: T): Promise<T> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch {
    return fresh;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`${file} is not the state of a world: delete it to begin anew.`, { cause: error });
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
