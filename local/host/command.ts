/** Command line of the embedded host: `npm run host -- --app DIR [--port 7071] [--data DIR] [--keys] [--json]`. */
import { Console } from "node:console";
import module from "node:module";
import path from "node:path";
import { parseArgs } from "node:util";
import v8 from "node:v8";
import vm from "node:vm";
import type { HostLog } from "./contract.ts";
import { messageOf } from "./errors.ts";

function readArguments() {
  const { values } = parseArgs({
    options: {
      app: { type: "string" },
      port: { type: "string" },
      data: { type: "string" },
      keys: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  if (!values.app) throw new Error("--app is missing, expected the folder of a Functions app.");
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && (!Number.isInteger(port) || port < 0 || port > 65_535)) {
    throw new Error(`--port is '${values.port}', expected a whole number from 0 to 65535.`);
  }
  const data = values.data ?? path.join(values.app, ".outerloop", "host");
  return { app: values.app, port, data, keys: values.keys, json: values.json };
}

/** In JSON mode stdout is for the machine: what the app prints goes to stderr. */
function jsonLines(): { log: HostLog; write(line: object): void } {
  const write = (line: object) => void process.stdout.write(`${JSON.stringify(line)}\n`);
  globalThis.console = new Console(process.stderr);
  return { write, log: (level, category, message) => write({ event: "log", level, category, message }) };
}

/** A start leaves twice the memory behind that the waiting host needs. */
const TIDY_AFTER_MS = 1000;

/** Has V8 collect what only the start needed; it would not by itself while nothing happens. */
function tidyMemory(): void {
  v8.setFlagsFromString("--expose-gc");
  vm.runInNewContext("gc")({ type: "major", execution: "sync", flavor: "last-resort" });
  v8.setFlagsFromString("--no-expose-gc");
}

/** Says so when the app ends the process before the host is ready, which would look like an end in order. */
function watchForEarlyEnd(): { expect(): void } {
  const tell = () => {
    process.stderr.write("The app ended the process while the host was starting.\n");
    process.exitCode = 1;
  };
  process.once("exit", tell);
  return { expect: () => void process.off("exit", tell) };
}

const earlyEnd = watchForEarlyEnd();

/** Node ends the process after this, as the real worker does. */
process.on("uncaughtExceptionMonitor", (error) => {
  earlyEnd.expect();
  const consequence =
    "Azure starts another worker process after that; this host ends, and goes on where it was when it is started again.";
  process.stderr.write(`The app threw outside of every function: ${messageOf(error)}. ${consequence}\n`);
});

async function main(): Promise<void> {
  const { json, ...options } = readArguments();
  const lines = json ? jsonLines() : undefined;
  const backlog: Parameters<HostLog>[] = [];
  let isReady = false;
  /** `ready` is promised to be the first line. */
  const log: HostLog | undefined =
    lines && ((...entry) => (isReady ? lines.log(...entry) : void backlog.push(entry)));

  let stop = async () => {};
  const end = async () => {
    earlyEnd.expect();
    await stop();
    process.exit(0);
  };
  // Each as often as it comes: with some shells Ctrl-C under npm comes twice, from the terminal and from npm.
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
  if (process.send) process.once("disconnect", end);
  // A closed pipe: whoever started the host has gone, and every further line would fail.
  process.stdout.on("error", end);

  // Loaded only now: whoever has mistyped an argument does not wait for it.
  const { startHost } = await import("./index.ts");
  const host = await startHost({ ...options, ...(log && { log }) });
  earlyEnd.expect();
  stop = host.stop;
  const { url, masterKey } = host;
  if (lines) lines.write({ event: "ready", url, ...(masterKey && { masterKey }) });
  else process.stdout.write(`Host is ready at ${url}${masterKey ? `, master key ${masterKey}` : ""}\n`);
  isReady = true;
  for (const entry of backlog) lines?.log(...entry);
  module.flushCompileCache();
  setTimeout(tidyMemory, TIDY_AFTER_MS).unref();
}

try {
  await main();
} catch (error) {
  earlyEnd.expect();
  process.stderr.write(`${messageOf(error).replaceAll(/\s*\n\s*/g, " ")}\n`);
  process.exit(1);
}
