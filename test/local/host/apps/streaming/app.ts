import { Readable } from "node:stream";
import { app, output } from "@azure/functions";

app.setup({ enableHttpStream: true });

app.post("upper", {
  route: "upper/{name}",
  async handler(request) {
    const text = await request.text();
    return {
      headers: { "x-name": request.params.name ?? "", "x-query": request.query.get("q") ?? "" },
      body: Readable.from([text.toUpperCase(), "!"]),
    };
  },
});
app.get("fails", () => {
  throw new Error("inside");
});
app.get("breaksOff", () => ({
  body: Readable.from(
    (async function* () {
      yield "the first half";
      // the first half is on its way before the second fails
      await new Promise((resolve) => setTimeout(resolve, 50));
      throw new Error("no second half");
    })(),
  ),
}));
app.generic("nothing", {
  trigger: { type: "httpTrigger", name: "request", methods: ["GET"], authLevel: "anonymous" },
  return: output.http({}),
  handler: () => undefined,
});
