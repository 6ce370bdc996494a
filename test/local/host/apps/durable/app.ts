import { app } from "@azure/functions";
import * as df from "durable-functions";

df.app.activity("greet", { handler: (name: string) => `Hello ${name}` });
df.app.orchestration("greetTwice", function* (context) {
  const first: string = yield context.df.callActivity("greet", "a");
  const second: string = yield context.df.callActivity("greet", "b");
  return [first, second];
});
app.post("start", {
  extraInputs: [df.input.durableClient()],
  async handler(request, context) {
    const client = df.getClient(context);
    const id = await client.startNew("greetTwice", { instanceId: "one" });
    const status = await client.waitForCompletionOrCreateCheckStatusResponse(request, id, {
      timeoutInMilliseconds: 3000,
      retryIntervalInMilliseconds: 20,
    });
    return status;
  },
});
