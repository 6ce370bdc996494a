import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { startHost } from "../../../local/host/index.ts";
import { appFolder, scratch } from "./harness.ts";

const MAIN = fileURLToPath(new URL("../../../local/host/main.ts", import.meta.url));

function run(args: string[], stdio: "pipe" | "ipc" = "pipe"): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: stdio === "ipc" ? ["pipe", "pipe", "pipe", "ipc"] : "pipe",
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

const exitCode = (child: ChildProcess) =>
  new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));

/** The first line a host in JSON mode writes. */
async function firstLine(child: ChildProcess): Promise<{ event: string; url: string }> {
  if (!child.stdout) throw new Error("The child has no stdout to read.");
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  return JSON.parse(line);
}

const serving = (app: string) => ["--app", appFolder(app), "--port", "0", "--data", scratch(), "--json"];

function makeApp(files: Record<string, string>): string {
  const folder = scratch();
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, name), content);
  return folder;
}

const HOST_JSON = '{"version":"2.0"}';

describe("a host as a child process", () => {
  test("says in its first line where it is, and ends with 0 on SIGTERM", async () => {
    const child = run(serving("events"));
    const { event, url } = await firstLine(child);
    expect(event).toBe("ready");
    expect(await (await fetch(`${url}/abc`)).text()).toBe("abc");
    const code = exitCode(child);
    child.kill("SIGTERM");
    expect(await code).toBe(0);
  });

  test("ends when its parent disappears", async () => {
    const child = run(serving("events"), "ipc");
    await firstLine(child);
    const code = exitCode(child);
    child.disconnect();
    expect(await code).toBe(0);
  });

  test("loads CommonJS files that a glob names", async () => {
    const { url } = await firstLine(run(serving("commonjs")));
    expect(await (await fetch(`${url}/api/first`)).text()).toBe("first");
    expect(await (await fetch(`${url}/api/second`)).text()).toBe("second");
  });

  test("streams requests and responses of an app that asks for it", async () => {
    const { url } = await firstLine(run(serving("streaming")));
    const response = await fetch(`${url}/api/upper/ann?q=1`, { method: "POST", body: "hello" });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-name")).toBe("ann");
    expect(response.headers.get("x-query")).toBe("1");
    expect(await response.text()).toBe("HELLO!");
    expect((await fetch(`${url}/api/fails`)).status).toBe(500);
  });
});

test("a host whose output nobody reads any more ends in order", async () => {
  const child = run(serving("events"));
  const { url } = await firstLine(child);
  const code = exitCode(child);
  child.stdout?.destroy();
  await fetch(`${url}/abc`).catch(() => {});
  expect(await code).toBe(0);
});

test("an app that throws outside of its functions ends the host, which says what Azure does then", async () => {
  const app = makeApp({
    "package.json": '{"main":"app.cjs"}',
    "host.json": HOST_JSON,
    "app.cjs": 'process.once("SIGUSR2", () => void Promise.reject(new Error("unheard")));',
  });
  const child = run(["--app", app, "--port", "0", "--data", scratch(), "--json"]);
  const said = child.stderr ? text(child.stderr) : "";
  const code = exitCode(child);
  await firstLine(child);
  child.kill("SIGUSR2");
  expect(await code).toBe(1);
  expect(await said).toContain(
    "The app threw outside of every function: unheard. Azure starts another worker",
  );
});

describe("what keeps a host from starting is one line on stderr and exit code 1", () => {
  const failure = async (args: string[]) => {
    const child = run(args);
    const code = exitCode(child);
    const line = child.stderr ? await text(child.stderr) : "";
    expect(await code).toBe(1);
    expect(line.trimEnd().split("\n")).toHaveLength(1);
    return line;
  };
  const start = (folder: string) => failure(["--app", folder, "--port", "0", "--data", scratch()]);

  test.each([
    { what: "no --app", args: [], says: "--app is missing" },
    { what: "a wrong port", args: ["--app", ".", "--port", "many"], says: "--port is 'many'" },
    { what: "an unknown option", args: ["--nope"], says: "--nope" },
  ])("$what", async ({ args, says }) => {
    expect(await failure(args)).toContain(says);
  });

  test("a syntax error in the app, with its place", async () => {
    const folder = makeApp({
      "package.json": '{"main":"app.js"}',
      "host.json": HOST_JSON,
      "app.js": "\nconst = 1;",
    });
    const line = await start(folder);
    expect(line).toContain('unable to load entry point "app.js"');
    expect(line).toContain("app.js:2");
  });

  test("a folder that is not there", async () => {
    expect(await start("/nowhere/at/all")).toContain("There is no app folder '/nowhere/at/all'");
  });

  test.each(["host.sqlite", "durable.sqlite"])("a damaged data file %s, and what to do", async (name) => {
    const data = scratch();
    writeFileSync(path.join(data, name), "this was a database once, before the disk was full ".repeat(100));
    const line = await failure(["--app", appFolder("durable"), "--port", "0", "--data", data]);
    expect(line).toContain(`What the host keeps in '${data}' is damaged (file is not a database)`);
    expect(line).toContain("delete it to begin anew");
  });

  test("a data file with a damaged page that nothing has asked for yet", async () => {
    const data = scratch();
    const host = await startHost({ app: appFolder("durable"), port: 0, data, log: () => {} });
    await host.stop();
    const file = path.join(data, "durable.sqlite");
    const database = new DatabaseSync(file);
    const fill = database.prepare("INSERT INTO history (instance, events) VALUES (?, ?)");
    for (let row = 0; row < 100; row += 1) fill.run(row, "x".repeat(1000));
    database.close();
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0xab, bytes.length - 4096, bytes.length - 2048));
    const line = await failure(["--app", appFolder("durable"), "--port", "0", "--data", data]);
    expect(line).toContain(`What the host keeps in '${data}' is damaged (`);
  });

  test("an app that ends the process", async () => {
    const app = makeApp({
      "package.json": '{"main":"app.cjs"}',
      "host.json": HOST_JSON,
      "app.cjs": "process.exit(0)",
    });
    const line = await failure(["--app", app, "--port", "0", "--data", scratch()]);
    expect(line).toContain("The app ended the process while the host was starting.");
  });

  test("a data folder that is a file", async () => {
    const data = path.join(makeApp({ data: "" }), "data");
    const line = await failure(["--app", appFolder("events"), "--port", "0", "--data", data]);
    expect(line).toContain(`'${data}' cannot be the data folder`);
  });

  test("a port that is taken", async () => {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const args = ["--app", appFolder("events"), "--port", String(port), "--data", scratch()];
    expect(await failure(args)).toContain(`Port ${port} is already in use`);
  });
});

test("without --port the host listens where local.settings.json says", async () => {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  await new Promise((resolve) => server.close(resolve));
  const app = makeApp({
    "package.json": '{"main":"app.cjs"}',
    "host.json": HOST_JSON,
    "local.settings.json": JSON.stringify({ Host: { LocalHttpPort: port } }),
    "app.cjs": "",
  });
  const { url } = await firstLine(run(["--app", app, "--data", scratch(), "--json"]));
  expect(url).toBe(`http://localhost:${port}`);
});

test("a failed start leaves no data folder of its own in the app", async () => {
  const folder = makeApp({ "package.json": "{}" });
  mkdirSync(path.join(folder, "sub"));
  await exitCode(run(["--app", folder, "--port", "0"]));
  expect(readdirSync(folder).sort()).toEqual(["package.json", "sub"]);
});

test.each([
  { what: "a package without main", files: { "package.json": "{}" }, says: 'has no "main"' },
  {
    what: "a main that is no text",
    files: { "package.json": '{"main":["a.js"]}', "host.json": HOST_JSON },
    says: "is wrong: main: Invalid input: expected string, received array",
  },
  {
    what: "a main that is not there",
    files: { "package.json": '{"main":"dist/index.js"}', "host.json": HOST_JSON },
    says: "unable to find the entry point 'dist/index.js'",
  },
  {
    what: "a glob without a match",
    files: { "package.json": '{"main":"dist/*.js"}', "host.json": HOST_JSON },
    says: "zero files matching",
  },
  {
    what: "an app that throws",
    files: {
      "package.json": '{"main":"app.mjs"}',
      "host.json": HOST_JSON,
      "app.mjs": 'throw new Error("no\\nway")',
    },
    says: "no way",
  },
  {
    what: "an import of the core, which only `require` finds on Azure",
    files: {
      "package.json": '{"main":"app.mjs"}',
      "host.json": HOST_JSON,
      "app.mjs": 'import "@azure/functions-core"',
    },
    says: "Cannot find package '@azure/functions-core'",
  },
  {
    what: "a setting of the wrong kind",
    files: {
      "package.json": '{"main":"app.js"}',
      "host.json": '{"version":"2.0","functionTimeout":"soon"}',
      "app.js": "",
    },
    says: "functionTimeout: found 'soon', expected a time span hh:mm:ss",
  },
  {
    // Azure/azure-functions-host issue 9583: a comment there, and the settings are not read.
    what: "a comment in host.json, with its line",
    files: {
      "package.json": '{"main":"app.js"}',
      "host.json": '{\n  "version": "2.0", // as always\n  "functionTimeout": "00:01:00"\n}',
      "app.js": "",
    },
    says: "has a comment in line 2, expected JSON without comments",
  },
  {
    what: "a broken host.json",
    files: { "package.json": '{"main":"app.js"}', "host.json": "{", "app.js": "" },
    says: "host.json",
  },
])("a start is refused for $what", async ({ files, says }) => {
  const host = startHost({ app: makeApp(files), port: 0, data: scratch(), log: () => {} });
  await expect(host).rejects.toThrow(says);
});
