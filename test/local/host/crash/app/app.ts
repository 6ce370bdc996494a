/** Steps that leave a line in a journal when they begin, and a token of that run as their result. */
import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import * as df from "durable-functions";

const { JOURNAL = "" } = process.env;
const STEPS = [1, 2, 3, 4, 5];

df.app.activity("step", {
  async handler(step: string) {
    const token = randomUUID();
    // the line feed before it ends a line that died half written
    appendFileSync(JOURNAL, `\n${JSON.stringify({ step, token, process: process.pid })}\n`);
    await setTimeout(Math.random() * 20);
    return token;
  },
});

df.app.orchestration("steps", function* (context) {
  const tokens: string[] = [];
  for (const step of STEPS)
    tokens.push(yield context.df.callActivity("step", `${context.df.instanceId} ${step}`));
  return tokens;
});

/** The same steps, with an event awaited before the third and a signal sent before the fourth and after the last. */
df.app.orchestration("stepsAndMessages", function* (context) {
  const ledger = new df.EntityId("ledger", "all");
  const id = context.df.instanceId;
  const tokens: string[] = [];
  for (const step of STEPS) {
    if (step === 3) yield context.df.waitForExternalEvent("go");
    if (step === 4) context.df.signalEntity(ledger, "note", `${id} halfway`);
    tokens.push(yield context.df.callActivity("step", `${id} ${step}`));
  }
  context.df.signalEntity(ledger, "note", `${id} done`);
  return tokens;
});

/** How often each line was noted. */
df.app.entity("ledger", (context: df.EntityContext<Record<string, number>>) => {
  const noted = context.df.getState(() => ({})) ?? {};
  const line = String(context.df.getInput());
  context.df.setState({ ...noted, [line]: (noted[line] ?? 0) + 1 });
});
