import { Readable } from "node:stream";
import { app } from "@azure/functions";

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
