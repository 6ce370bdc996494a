import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { plusDays } from "../../../../local/world/calendar.ts";
import { type LabelledSample, linesOf } from "../../../../local/world/classifier/sample.ts";
import type { SampleStream } from "../../../../local/world/sample-stream.ts";

const run = promisify(execFile);
const WORLD = path.resolve("local/world");

/** Runs a script as a job does: a process of its own. */
export async function script(
  name: string,
  args: Readonly<Record<string, string | number | readonly string[]>>,
): Promise<Record<string, unknown>> {
  const flags = Object.entries(args).flatMap(([flag, value]) =>
    (Array.isArray(value) ? value : [value]).flatMap((one) => [`--${flag}`, String(one)]),
  );
  const { stdout } = await run(process.execPath, [`classifier/${name}.ts`, ...flags], { cwd: WORLD });
  return JSON.parse(stdout);
}

/** What a script that must fail says on stderr. */
export async function complaint(...args: Parameters<typeof script>): Promise<string> {
  try {
    await script(...args);
  } catch (error) {
    return String((error as { stderr?: string }).stderr ?? error);
  }
  throw new Error(`${args[0]} ended well, expected an error.`);
}

/** Samples that come in on a number of days after the start. */
export function samplesOn(stream: SampleStream, first: number, last: number): LabelledSample[] {
  return Array.from({ length: last - first + 1 }, (_, day) =>
    stream.on(plusDays(stream.startDate, first + day)),
  ).flat();
}

/** A folder with the training data, and the checks of days 22 to 28, when much has drifted. */
export async function prepare(stream: SampleStream) {
  const folder = await mkdtemp(path.join(tmpdir(), `${stream.task.name}-scripts-`));
  const write = async (name: string, samples: readonly LabelledSample[]) => {
    const file = path.join(folder, name);
    await writeFile(file, linesOf(samples, stream.task));
    return file;
  };
  const drifted = samplesOn(stream, 22, 28);
  return {
    folder,
    write,
    training: await write("training.jsonl", stream.training()),
    checks: await write(
      "checks.jsonl",
      drifted.filter(({ id }) => stream.isChecked(id)),
    ),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Writes what the data collector would keep of these samples: as asked, and as answered. */
export async function collect(
  folder: string,
  column: string,
  rows: readonly { id: string; date: string; content: unknown; label?: string; confidence?: number }[],
): Promise<void> {
  const line = (id: string, date: string, row: object) =>
    `${JSON.stringify({ correlationid: `${date}/${id}`, data: [row] })}\n`;
  const inputs = rows.map(({ id, date, content }) => line(id, date, { [column]: content }));
  const outputs = rows.flatMap(({ id, date, label, confidence = 0.5 }) =>
    label === undefined ? [] : [line(id, date, { label, confidence })],
  );
  for (const [collection, lines] of Object.entries({ model_inputs: inputs, model_outputs: outputs })) {
    const place = path.join(folder, collection, "2025/03/29/09");
    await mkdir(place, { recursive: true });
    await writeFile(path.join(place, "instance-0.jsonl"), lines.join(""));
  }
}
