/** A broker in a process of its own, to be killed: prints its port, then serves until the end. */
import { startBroker } from "../../../../local/azure/broker/index.ts";

const [file = "", port = "0"] = process.argv.slice(2);
const broker = await startBroker({
  port: Number(port),
  file,
  config: {
    queues: [
      { name: "work", properties: { RequiresDuplicateDetection: true, MaxDeliveryCount: 3 } },
      { name: "sessions", properties: { RequiresSession: true } },
    ],
    eventHubs: [{ name: "scores", partitionCount: 1 }],
  },
});
console.log(JSON.stringify({ port: broker.port, connectionString: broker.serviceBusConnectionString }));
