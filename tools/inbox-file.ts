import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import * as z from "zod";
import { firstProblem } from "../shared/signals/fields.ts";
import { Signal } from "../shared/signals/signal.ts";
import { messageOf, UsageError } from "./files.ts";

/** One line of an exported inbox: when a signal came, and the signal. Other fields are not read. */
const InboxLine = z.object({ receivedAt: z.iso.datetime(), signal: Signal });

export type Received = { receivedAt: Date; signal: Signal };
export type Unreadable = { line: number; reason: string };

/** A line that cannot be read is listed, up to here, and counted; the others are used. */
const MOST_LISTED = 20;

export type InboxFile = {
  /** In the order in which they came, whatever the order of the file. */
  received: Received[];
  unreadable: Unreadable[];
  unreadableCount: number;
};

/** @throws {UsageError} when the file cannot be read */
export async function readInboxFile(file: string): Promise<InboxFile> {
  const received: Received[] = [];
  const unreadable: Unreadable[] = [];
  let unreadableCount = 0;
  let line = 0;
  try {
    for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      line += 1;
      if (text.trim() === "") continue;
      const one = readLine(text);
      if (typeof one !== "string") received.push(one);
      else {
        unreadableCount += 1;
        if (unreadable.length < MOST_LISTED) unreadable.push({ line, reason: one });
      }
    }
  } catch (error) {
    throw new UsageError(`The inbox '${file}' cannot be read: ${messageOf(error)}`, { cause: error });
  }
  received.sort((a, b) => a.receivedAt.getTime() - b.receivedAt.getTime());
  return { received, unreadable, unreadableCount };
}

/** The signal, or why the line holds none. */
function readLine(text: string): Received | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `expected JSON: ${messageOf(error)}`;
  }
  const read = InboxLine.safeParse(value);
  if (!read.success) return firstProblem(read.error).reason;
  return { receivedAt: new Date(read.data.receivedAt), signal: read.data.signal };
}
