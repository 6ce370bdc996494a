/** `npm start`: the whole loop on this machine. Builds the app, starts everything, and tells what happens. */
import { styleText } from "node:util";
import { buildAppOnce } from "../tools/build-app.ts";
import { StartError } from "./system/child.ts";
import { followLedger } from "./system/feed.ts";
import { OptionError, readOptions, type SystemOptions } from "./system/options.ts";
import { type Addresses, type System, startSystem } from "./system/system.ts";
import type { WorldName } from "./world/worlds.ts";

/** One line, then the end: whoever typed the command knows what to type instead. */
function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function optionsOrFail(): SystemOptions {
  try {
    return readOptions(process.argv.slice(2), process.env);
  } catch (error) {
    if (error instanceof OptionError) fail(error.message);
    throw error;
  }
}

const options = optionsOrFail();
const say = (event: Record<string, unknown>, words: string) =>
  process.stdout.write(`${options.json ? JSON.stringify(event) : words}\n`);

/** What a person is told about each world beforehand. */
const WORLDS: Readonly<Record<WorldName, { readonly model: string; readonly story: string }>> = {
  classical: {
    model: "A weather model",
    story: "summer comes, its error grows, and the loop retrains it and asks you again.",
  },
  vision: {
    model: "A model of handwritten digits",
    story:
      "the camera hangs askew, it gets worse, and people are asked to label what it was least sure about.",
  },
  language: {
    model: "A model that sorts a shop's mail",
    story:
      "customers ask about new things, it gets worse, and people are asked to label its least sure answers.",
  },
};

function screen({ console, mailbox, world, labelling, data }: Addresses): string {
  const bold = (text: string) => styleText("bold", text);
  const { model, story } = WORLDS[options.world];
  const people = `  Labelling ${bold(labelling)}   a project appears here when the model has got worse; label it there,
            or let the demonstration do it by its button, and version 2 comes up for approval\n`;
  return `
${bold("Outerloop is running.")} ${model} is being trained; then the loop begins, and asks for your approval.

  Console   ${bold(console)}
  Mailbox   ${bold(mailbox)}   the approval request arrives here within a minute
${options.world === "classical" ? "" : people}  State     ${data}   delete it to begin anew

Try: open the mailbox, follow the link in the mail, read the evidence, and press Approve. The model goes live, days
pass (one every ${options.secondsPerDay} s): ${story}

  faster    curl -X POST ${world} -d '{"secondsPerDay":0.5}'
  stop      Ctrl-C

What happens:`;
}

await buildAppOnce();
const began = performance.now();
let system: System;
try {
  system = await startSystem(options);
} catch (error) {
  fail(error instanceof StartError ? error.message : String(error));
}
const { addresses } = system;
if (options.json) say({ event: "addresses", ...addresses }, "");
say({ event: "ready", ...addresses, readyMs: Math.round(performance.now() - began) }, screen(addresses));

const following = new AbortController();
async function end(code: number, message?: string): Promise<void> {
  if (following.signal.aborted) return;
  following.abort();
  if (message) process.stderr.write(`${message}\n`);
  await system.stop();
  process.exit(code);
}
// Each as often as it comes: with some shells Ctrl-C under npm comes twice, from the terminal and from npm.
process.on("SIGINT", () => void end(0));
process.on("SIGTERM", () => void end(0));
void system.broken.then((what) => end(1, `${what}: ${addresses.data}/logs tells why.`));

for await (const entry of followLedger(addresses.host, following.signal)) {
  const time = entry.recordedAt.slice(11, 19);
  say({ event: "ledger", ...entry }, `  ${styleText("dim", time)}  ${entry.summary}`);
}
