import { app, output } from "@azure/functions";

const serviceBus = output.serviceBusQueue({ connection: "Broker", queueName: "sink" });
const eventHub = output.eventHub({ connection: "Hubs", eventHubName: "hub" });

app.post("send", {
  extraOutputs: [serviceBus, eventHub],
  async handler(request, context) {
    const body = await request.json();
    context.extraOutputs.set(serviceBus, body);
    context.extraOutputs.set(eventHub, body);
    return { status: 202 };
  },
});
