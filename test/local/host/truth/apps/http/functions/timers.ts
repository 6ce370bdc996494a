import { app } from "@azure/functions";

app.timer("everyHalfMinute", {
  schedule: "*/30 * * * * *",
  handler: (_, context) => context.log("timer was triggered"),
});
app.timer("retried", {
  schedule: "*/30 * * * * *",
  retry: { strategy: "fixedDelay", delayInterval: { seconds: 1 }, maxRetryCount: 5 },
  handler(_, context) {
    const attempt = context.retryContext?.retryCount ?? 0;
    if (attempt < 2) throw new Error(`retried error on attempt ${attempt}`);
    context.log(`retried pass on attempt ${attempt}`);
  },
});
