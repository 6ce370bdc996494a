/** `npm run demo`: plays the loop and narrates it. Ends with 0 only if all of it really happened. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { styleText } from "node:util";
import { buildAppOnce } from "../tools/build-app.ts";
import { playLoop, type Tell } from "./demo/story.ts";
import { closingTable } from "./demo/table.ts";
import { Witness } from "./demo/witness.ts";
import { startSystem } from "./system/system.ts";

const asJson = process.argv.includes("--json");
const began = performance.now();
const elapsed = () => (performance.now() - began) / 1_000;
const tell: Tell = (step, sentence, facts = {}) => {
  const seconds = elapsed().toFixed(1);
  process.stdout.write(
    asJson
      ? `${JSON.stringify({ event: step, seconds: Number(seconds), sentence, ...facts })}\n`
      : `${styleText("dim", seconds.padStart(6))}  ${styleText("bold", step.padEnd(10))}  ${sentence}\n`,
  );
};

await buildAppOnce();
// A folder and ports of its own: it disturbs nothing that runs, and leaves nothing behind.
const data = await mkdtemp(join(tmpdir(), "outerloop-demo-"));
const ports = { port: 0, azurePort: 0, amqpPort: 0, storagePort: 0 };
const system = await startSystem({ ...ports, data, secondsPerDay: 1 });
tell("ready", `Everything runs on this machine. Watch it at ${system.addresses.console}`, {
  ...system.addresses,
});
const witness = new Witness(system.addresses.host);

let isEnding = false;
async function end(code: number): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  witness.stop();
  await system.stop();
  await rm(data, { recursive: true, force: true });
  process.exit(code);
}
// Each as often as it comes: with some shells Ctrl-C under npm comes twice, from the terminal and from npm.
process.on("SIGINT", () => void end(130));
process.on("SIGTERM", () => void end(143));

try {
  const outcome = await playLoop(system.addresses, witness, tell);
  if (asJson) tell("done", "All of it happened.", { ...outcome });
  else process.stdout.write(closingTable(outcome, elapsed()));
  await end(0);
} catch (error) {
  tell("failed", error instanceof Error ? error.message : String(error));
  await end(1);
}
