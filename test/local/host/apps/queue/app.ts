import { app } from "@azure/functions";

app.serviceBusQueue("one", { connection: "Broker", queueName: "one", handler: () => {} });
