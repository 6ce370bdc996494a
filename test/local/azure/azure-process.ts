import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import * as z from "zod";
import { CloudAddresses } from "../../../local/system/settings.ts";

export const MAIN = path.resolve(import.meta.dirname, "../../../local/azure/main.ts");

const Ready = z.object({
  ...CloudAddresses.shape,
  event: z.literal("ready"),
  githubApiUrl: z.string(),
  githubToken: z.string(),
  devOpsUrl: z.string(),
  devOpsToken: z.string(),
  teamsWebhookUrl: z.string(),
});
export type Ready = z.infer<typeof Ready>;

/** The stand-in as a process of its own, once everything in it answers. */
export async function startProcess(
  data: string,
  ...more: string[]
): Promise<{ child: ChildProcess; ready: Ready }> {
  const ports = ["--azure-port", "0", "--amqp-port", "0", "--storage-port", "0"];
  const child = spawn(
    process.execPath,
    [MAIN, ...ports, "--data", data, "--json", "--retry-scale", "0.01", ...more],
    { stdio: ["ignore", "pipe", "ignore", "ipc"] },
  );
  if (!child.stdout) throw new Error("the child has no output");
  const [line] = await once(createInterface(child.stdout), "line");
  return { child, ready: Ready.parse(JSON.parse(String(line))) };
}

export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<unknown> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  child.kill(signal);
  const [code] = await once(child, "exit");
  return code;
}
