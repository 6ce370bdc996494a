import { app, type InvocationContext } from "@azure/functions";

const saw = (context: InvocationContext, value: unknown) => context.info(`saw ${JSON.stringify(value)}`);

app.hook.appStart((start) => {
  start.hookData.started = true;
  process.env.EVENTS_APP_STARTED = "yes";
});
app.hook.appTerminate(() => {
  process.env.EVENTS_APP_STARTED = "terminated";
});
app.hook.preInvocation((before) => {
  if (before.invocationContext.functionName !== "hooked") return;
  before.hookData.order = ["pre"];
  try {
    Object.assign(before, { hookData: {} });
  } catch (error) {
    before.hookData.refused = String(error);
  }
  before.inputs = ["replaced"];
});
app.hook.postInvocation((after) => {
  if (after.invocationContext.functionName !== "hooked") return;
  after.invocationContext.info(`saw ${JSON.stringify({ ...after.hookData, error: String(after.error) })}`);
  after.error = null;
});
app.hook.log((line) => {
  if (line.message.includes("whisper")) line.level = "warning";
});

app.eventGrid("onEvent", {
  handler(event, context) {
    saw(context, { event, metadata: context.triggerMetadata });
    if (event.subject === "bad") throw new Error("cannot be handled");
  },
});
app.generic("hooked", {
  trigger: { type: "eventGridTrigger", name: "event" },
  handler(event) {
    throw new Error(`got ${String(event)}`);
  },
});
app.timer("never", { schedule: "0 0 0 1 1 *", handler: (timer, context) => saw(context, { timer }) });
app.get("root", { route: "{name:alpha}", handler: (request) => ({ body: request.params.name ?? "" }) });
app.get("function-locked", { route: "locked/one", authLevel: "function", handler: () => ({ body: "open" }) });
app.get("guarded", { route: "locked/two", authLevel: "admin", handler: () => ({ body: "open" }) });
app.get("slow", {
  route: "slow/one",
  async handler(_, context) {
    context.debug("too quiet to be logged");
    context.info("a whisper");
    await new Promise((resolve) => setTimeout(resolve, 100));
    return { body: "done" };
  },
});
