import { app, type InvocationContext, type Timer } from "@azure/functions";

const saw = (timer: Timer, context: InvocationContext) =>
  context.info(
    `saw ${JSON.stringify({ name: context.functionName, ...timer, retry: context.retryContext?.retryCount })}`,
  );

app.timer("hourly", { schedule: "%HOURLY%", handler: saw });
app.timer("everyTenSeconds", { schedule: "*/10 * * * * *", handler: saw });
app.timer("atStart", { schedule: "0 0 0 1 1 *", runOnStartup: true, useMonitor: false, handler: saw });
app.timer("stubborn", {
  schedule: "0 30 * * * *",
  retry: { strategy: "fixedDelay", maxRetryCount: 2, delayInterval: { seconds: 5 } },
  handler(timer, context) {
    saw(timer, context);
    throw new Error("not yet");
  },
});
app.timer("slow", {
  schedule: "0 30 * * * *",
  async handler(timer, context) {
    saw(timer, context);
    await new Promise<void>((resolve) => {
      const heed = (message: unknown) => {
        if (message !== "release slow") return;
        process.off("message", heed);
        resolve();
      };
      process.on("message", heed);
    });
  },
});
app.timer("broken", { schedule: "every full moon", handler: saw });
