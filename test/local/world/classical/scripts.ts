import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";

/** What the code asset holds; a job starts in it. */
const CODE = path.resolve("local/world");
const run = promisify(execFile);

export type Script = "train" | "evaluate" | "monitor" | "data-quality" | "responsible-ai" | "unit-test";

/** Runs a script as a job does: a process of its own, in the code's folder. */
export async function script(
  name: Script,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const { stdout } = await run(process.execPath, [`classical/${name}.ts`, ...args], {
    cwd: CODE,
    env: { ...process.env, ...env },
  });
  return JSON.parse(stdout);
}

/** What a script that must fail says on stderr. */
export async function complaint(name: Script, args: readonly string[]): Promise<string> {
  try {
    await script(name, args);
  } catch (error) {
    return String((error as { stderr?: string }).stderr ?? error);
  }
  throw new Error(`${name} ended well, expected an error.`);
}

export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "classical-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Days from 2012-01-01 on, each as warm as `temperatures` says; nothing else ever changes. */
export function csv(temperatures: readonly number[]): string {
  const rows = temperatures.map(
    (temperature, day) => `${dateOf(day)},0,${temperature},${temperature - 5},2,sun`,
  );
  return ["date,precipitation,temp_max,temp_min,wind,weather", ...rows, ""].join("\n");
}

export const dateOf = (day: number): string =>
  new Date(Date.UTC(2012, 0, 1 + day)).toISOString().slice(0, 10);

/** Writes what the data collector would keep: the weather of each day as asked, and the answer. */
export async function collect(
  folder: string,
  days: readonly { date: string; temperature: number; prediction?: number; station?: number }[],
): Promise<void> {
  const lines = { model_inputs: [] as string[], model_outputs: [] as string[] };
  for (const { date, temperature, prediction, station = 1 } of days) {
    const correlationid = `${date}/station-${station}`;
    const row = {
      temp_max: temperature,
      temp_min: temperature - 5,
      precipitation: 0,
      wind: 2,
      weather: "sun",
    };
    lines.model_inputs.push(
      JSON.stringify({ correlationid, data: [{ ...row, temp_max_before: temperature }] }),
    );
    if (prediction !== undefined)
      lines.model_outputs.push(JSON.stringify({ correlationid, data: [{ prediction }] }));
  }
  for (const [collection, content] of Object.entries(lines)) {
    const hour = path.join(folder, collection, "2026", "01", "01", "00");
    await mkdir(hour, { recursive: true });
    await writeFile(path.join(hour, "instance-0.jsonl"), `${content.join("\n")}\n`);
  }
}

interface Recorded {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Record<string, unknown>;
}

/** A tracking server that notes what it is told. */
export async function startMlflow() {
  const calls: Recorded[] = [];
  const server = createServer(async (request, response) => {
    const { url = "", headers } = request;
    calls.push({ path: url, authorization: headers.authorization, body: JSON.parse(await text(request)) });
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const env = {
    MLFLOW_TRACKING_URI: `http://127.0.0.1:${port}/mlflow`,
    MLFLOW_TRACKING_TOKEN: "a-token",
    MLFLOW_RUN_ID: "run-1",
  };
  const metrics = () => calls.flatMap(({ body }) => (body.metrics ?? []) as { key: string; value: number }[]);
  return { calls, env, metrics: () => Object.fromEntries(metrics().map(({ key, value }) => [key, value])) };
}
