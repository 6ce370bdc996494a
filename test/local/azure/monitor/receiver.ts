import { createServer } from "node:http";

/** A receiver of an action group on a free loopback port: notes each alert, and answers as it is told. */
export async function startReceiver(port = 0) {
  const alerts: Record<string, unknown>[] = [];
  let waiting = () => {};
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    alerts.push(JSON.parse(text));
    response.statusCode = receiver.statuses.shift() ?? 202;
    response.end();
    waiting();
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address();
  const receiver = {
    alerts,
    port: typeof address === "object" && address ? address.port : 0,
    /** Of the next calls; 202 when there are no more. */
    statuses: [] as number[],
    get url() {
      return `http://127.0.0.1:${receiver.port}/api/alerts`;
    },
    /** Resolves once `count` calls have come. */
    async until(count: number) {
      while (alerts.length < count) {
        await new Promise<void>((resolve) => {
          waiting = resolve;
        });
      }
      return alerts;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}
