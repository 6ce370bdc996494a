/** Steps that do nothing, so that what is measured is the host. */
import { app } from "@azure/functions";
import * as df from "durable-functions";

/** Told of each step's beginning by whoever measures in this process. */
const watch: { onStep?: (at: number) => void } = {};
Object.assign(globalThis, { outerloopBench: watch });

df.app.activity("step", {
  handler: (n: number) => {
    watch.onStep?.(performance.now());
    return n + 1;
  },
});

function* steps(context: df.OrchestrationContext, count: number) {
  let n = 0;
  for (let i = 0; i < count; i += 1) n = yield context.df.callActivity("step", n);
  return n;
}

df.app.orchestration("chain", (context) => steps(context, 5));
df.app.orchestration("long", (context) => steps(context, 1000));
df.app.orchestration("wait", function* (context) {
  return yield context.df.waitForExternalEvent("go");
});

/** Five steps, an event, and a timer that is due at once. */
df.app.orchestration("soak", function* (context) {
  const n: number = yield* steps(context, 3);
  const more: number = yield context.df.waitForExternalEvent("go");
  yield context.df.createTimer(context.df.currentUtcDateTime);
  const next: number = yield context.df.callActivity("step", n + more);
  const last: number = yield context.df.callActivity("step", next);
  return last;
});

app.get("ping", () => ({ body: "pong" }));
