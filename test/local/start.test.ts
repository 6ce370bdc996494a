import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";

let folder: string;
let taken: ReturnType<typeof createServer>;
let port: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "start-"));
  taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  port = (taken.address() as { port: number }).port;
});

afterAll(async () => {
  taken.close();
  await rm(folder, { recursive: true, force: true });
});

const FREE = ["--port", "0", "--azure-port", "0", "--amqp-port", "0", "--storage-port", "0"];

function start(...args: string[]) {
  const all = ["local/start.ts", ...FREE, "--data", join(folder, "data"), "--json", ...args];
  return spawn(process.execPath, all, { stdio: ["ignore", "pipe", "pipe"], detached: true });
}

/** Ids of the processes whose command line names this test's data folder. */
async function leftRunning(): Promise<string[]> {
  const ids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")));
  return ids.filter((_, index) => lines[index]?.includes(folder));
}

test.each([
  ["--port", /^Port (\d+) is already in use\. Choose another with --port\.$/],
  ["--azure-port", /port (\d+) is in use.*--azure-port/],
  ["--amqp-port", /port (\d+) is in use.*--amqp-port/],
  ["--storage-port", /port (\d+) is in use.*--storage-port/],
])(
  "ends with one line and code 1 when the port of %s is in use, and leaves nothing running",
  async (flag, line) => {
    const child = start(flag, String(port));
    let words = "";
    child.stderr.on("data", (chunk) => {
      words += chunk;
    });
    const [code] = await once(child, "close");
    expect(code).toBe(1);
    expect(words.trim().split("\n")).toHaveLength(1);
    expect(line.exec(words.trim())?.[1]).toBe(String(port));
    expect(await leftRunning()).toEqual([]);
  },
);

test.each([
  [["--port", "x"], "--port is 'x', expected a port, 0 to 65535"],
  [["--seconds-per-day", "0"], "--seconds-per-day is '0', expected a number of seconds above 0"],
  [["--world", "audio"], "--world is 'audio', expected classical, vision, language"],
])("refuses %j in one line", async (args, expected) => {
  const child = start(...args);
  let words = "";
  child.stderr.on("data", (chunk) => {
    words += chunk;
  });
  const [code] = await once(child, "close");
  expect([code, words.trim()]).toEqual([1, expected]);
});

test("says all addresses first and then that it is ready, and Ctrl-C leaves nothing behind", async () => {
  const child = start();
  const closed = once(child, "close");
  const events: { event: string; console?: string }[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    events.push(JSON.parse(line));
    if (events.length === 2) break;
  }
  expect(events.map(({ event }) => event)).toEqual(["addresses", "ready"]);
  expect((await fetch(`${events[0]?.console}`)).status).toBe(200);
  // A terminal sends it to every process at once, and npm may pass it on to the one that it started.
  process.kill(-Number(child.pid), "SIGINT");
  child.kill("SIGINT");
  const [code] = await closed;
  expect(code).toBe(0);
  expect(await leftRunning()).toEqual([]);
});
