import { app, type InvocationContext, output } from "@azure/functions";

const connection = "Broker";
const saw = (context: InvocationContext, value: unknown) => context.info(`saw ${JSON.stringify(value)}`);
const attempts = new Map<string, number>();

app.serviceBusQueue("one", {
  connection,
  queueName: "%ONE_QUEUE%",
  handler: (message, context) =>
    saw(context, { message, type: typeof message, metadata: context.triggerMetadata }),
});

app.serviceBusQueue("flaky", {
  connection,
  queueName: "flaky",
  handler(message, context) {
    const deliveryCount = context.triggerMetadata?.deliveryCount;
    saw(context, { message, deliveryCount });
    if (deliveryCount !== 3) throw new Error(`attempt ${String(deliveryCount)} fails`);
  },
});

app.serviceBusQueue("poisoned", {
  connection,
  queueName: "poisoned",
  handler() {
    throw new Error("never");
  },
});

app.generic("bytes", {
  trigger: { type: "serviceBusTrigger", name: "message", connection, queueName: "bytes", dataType: "binary" },
  handler: (message, context) => saw(context, Buffer.isBuffer(message) ? [...message] : "no buffer"),
});

app.serviceBusQueue("batch", {
  connection,
  queueName: "batch",
  cardinality: "many",
  handler: (messages, context) =>
    saw(context, {
      messages,
      ids: context.triggerMetadata?.messageIdArray,
      counts: context.triggerMetadata?.deliveryCountArray,
    }),
});

app.serviceBusQueue("unsettled", {
  connection,
  queueName: "unsettled",
  autoCompleteMessages: false,
  async handler(message, context) {
    const deliveryCount = context.triggerMetadata?.deliveryCount;
    saw(context, { message, deliveryCount });
    if (deliveryCount === 1) await new Promise((resolve) => setTimeout(resolve, 1500));
  },
});

app.serviceBusTopic("subscribed", {
  connection,
  topicName: "news",
  subscriptionName: "all",
  handler: (message, context) => saw(context, { message, subject: context.triggerMetadata?.subject }),
});

app.serviceBusQueue("ordered", {
  connection,
  queueName: "ordered",
  isSessionsEnabled: true,
  async handler(message, context) {
    const text = String(message);
    const attempt = (attempts.get(text) ?? 0) + 1;
    attempts.set(text, attempt);
    await new Promise((resolve) => setTimeout(resolve, 5));
    saw(context, { message, session: context.triggerMetadata?.sessionId });
    if (text === "b" && attempt === 1) throw new Error("once more");
  },
});

app.serviceBusQueue("forward", {
  connection,
  queueName: "forward",
  return: output.serviceBusQueue({ connection, queueName: "%ONE_QUEUE%" }),
  handler: (message) => ({ forwarded: message }),
});

app.eventHub("event", {
  connection,
  eventHubName: "single",
  handler: (event, context) => saw(context, { event, metadata: context.triggerMetadata }),
});

app.eventHub("events", {
  connection,
  eventHubName: "many",
  cardinality: "many",
  retry: { strategy: "fixedDelay", maxRetryCount: 1, delayInterval: { milliseconds: 1 } },
  handler(events, context) {
    const { retryContext, triggerMetadata } = context;
    saw(context, { events, retryContext, offsets: triggerMetadata?.offsetArray });
    if (JSON.stringify(events).includes("poison")) throw new Error("cannot be read");
  },
});
