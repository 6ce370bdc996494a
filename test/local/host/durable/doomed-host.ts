/** A host that kills itself without warning at the moment it is told, for the tests of recovery. */
import fs from "node:fs";
import { systemClock } from "../../../../local/clock.ts";
import { openDurableExtension } from "../../../../local/host/durable/index.ts";
import { createInvoker } from "./worker.ts";

const [, , file = "", journal = "", dieAt = ""] = process.argv;
const df = await import("durable-functions");

const die = (moment: string) => {
  if (moment === dieAt) process.kill(process.pid, "SIGKILL");
};

for (const step of ["first", "second", "third"]) {
  df.app.activity(step, {
    handler: async () => {
      fs.appendFileSync(journal, `${step}\n`);
      die(`after ${step}`);
      return step;
    },
  });
}
df.app.orchestration("steps", function* (context) {
  const go: unknown = yield context.df.waitForExternalEvent("go");
  const first: unknown = yield context.df.callActivity("first");
  const second: unknown = yield context.df.callActivity("second");
  const third: unknown = yield context.df.callActivity("third");
  return [go, first, second, third];
});

const invoker = createInvoker(() => "");
const extension = openDurableExtension({
  file,
  config: {},
  clock: systemClock,
  log: (_, __, message) => console.error(message),
  invoker: {
    functions: invoker.functions,
    async invoke(invocation) {
      die(`before ${invocation.functionName}`);
      return invoker.invoke(invocation);
    },
  },
});
const origin = "http://localhost:1";
await extension.start({ baseUrl: `${origin}/runtime`, rpcBaseUrl: `${origin}/rpc/`, code: "" });
const ask = (method: string, path: string, body = "", query = "") =>
  extension.handle({
    method,
    path,
    body,
    query: new URLSearchParams(query),
    headers: { "content-type": "application/json" },
    url: origin,
  });

if (dieAt !== "") {
  await ask("POST", "orchestrators/steps/x", "null");
  const raised = await ask("POST", "instances/x/raiseEvent/go", '"went"');
  fs.appendFileSync(journal, `acknowledged ${raised.status}\n`);
  die("acknowledged");
}
await extension.idle();
const status = await ask("GET", "instances/x", "", "showHistory=true&showHistoryOutput=true");
process.stdout.write(status.body);
await extension.stop();
