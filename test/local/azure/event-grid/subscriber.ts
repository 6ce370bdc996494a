import { createServer, type IncomingHttpHeaders } from "node:http";

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** A webhook on a free loopback port that notes what it gets, and answers as it is told. */
export async function startSubscriber(port = 0) {
  const received: Received[] = [];
  let waiting = () => {};
  const subscriber = {
    port: 0,
    received,
    /** Statuses of the next notifications; 202 when there are no more. */
    statuses: [] as number[],
    isConfirming: true,
    get notifications() {
      return received.filter(({ headers }) => headers["aeg-event-type"] === "Notification");
    },
    /** Resolves once `count` notifications have come. */
    async until(count: number): Promise<Received[]> {
      while (subscriber.notifications.length < count) {
        await new Promise<void>((resolve) => {
          waiting = resolve;
        });
      }
      return subscriber.notifications;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    const body = text ? JSON.parse(text) : undefined;
    received.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
    if (request.method === "OPTIONS") {
      response.setHeader("webhook-allowed-origin", String(request.headers["webhook-request-origin"]));
      response.end();
    } else if (request.headers["aeg-event-type"] === "SubscriptionValidation") {
      const code = subscriber.isConfirming ? body[0].data.validationCode : undefined;
      response.end(JSON.stringify({ validationResponse: code }));
    } else {
      response.statusCode = subscriber.statuses.shift() ?? 202;
      response.end();
    }
    waiting();
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address();
  subscriber.port = typeof address === "object" && address ? address.port : 0;
  return subscriber;
}
