import { app, output } from "@azure/functions";

const connection = "Broker";
const queue = output.serviceBusQueue({ connection, queueName: "told" });
const hub = output.eventHub({ connection, eventHubName: "told-too" });

app.post("tell", {
  extraOutputs: [queue, hub],
  async handler(request, context) {
    const text = await request.text();
    context.extraOutputs.set(queue, text);
    context.extraOutputs.set(hub, text);
    return { status: 202 };
  },
});
