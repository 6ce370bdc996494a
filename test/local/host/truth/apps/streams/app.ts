import { Readable } from "node:stream";
import { app } from "@azure/functions";

app.setup({ enableHttpStream: true });

const both: { methods: ("GET" | "POST")[] } = { methods: ["GET", "POST"] };
const MEGABYTE = 1024 * 1024;

app.http("hello", { ...both, handler: async (request) => ({ body: `Hello, ${await request.text()}!` }) });
app.http("receive", {
  ...both,
  async handler(request) {
    let received = 0;
    for await (const chunk of request.body ?? []) received += chunk.length;
    return { body: `Bytes received: ${received}` };
  },
});
app.http("send", {
  ...both,
  handler(request) {
    const chunk = Buffer.alloc(MEGABYTE, 7);
    const chunks = Array.from({ length: Number(request.query.get("lengthInMb")) }, () => chunk);
    return { body: Readable.from(chunks) };
  },
});
app.http("query", {
  ...both,
  handler: (request) => ({
    jsonBody: {
      query: Object.fromEntries(request.query),
      first: request.query.get("dupe"),
      all: request.query.getAll("dupe"),
    },
  }),
});
app.http("cookies", {
  ...both,
  handler: () => ({
    cookies: [
      { name: "mycookie", value: "myvalue", maxAge: 200_000 },
      { name: "mycookie2", value: "myvalue", path: "/", maxAge: 200_000 },
    ],
  }),
});
