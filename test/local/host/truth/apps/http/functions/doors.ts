import { app } from "@azure/functions";

const both: { methods: ("GET" | "POST")[]; authLevel: "anonymous" } = {
  methods: ["GET", "POST"],
  authLevel: "anonymous",
};

app.http("hello", {
  ...both,
  handler: async (request) => ({
    body: `Hello, ${request.query.get("name") || (await request.text()) || "world"}!`,
  }),
});
app.http("params", {
  ...both,
  route: "params/{name}/{id}",
  handler: (request) => ({ jsonBody: request.params }),
});
app.http("headers", {
  ...both,
  handler: (request) => ({ jsonBody: Object.fromEntries(request.headers) }),
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
      { name: "mycookie3-expires", value: "myvalue3-expires", maxAge: 0 },
      { name: "mycookie4-samesite-lax", value: "myvalue", sameSite: "Lax" },
      { name: "mycookie5-samesite-strict", value: "myvalue", sameSite: "Strict" },
    ],
  }),
});
app.http("products", {
  ...both,
  route: "node/products/{category:alpha?}/{id:guid?}",
  handler: ({ params }) => ({ body: `${params.category ?? "<empty>"} ${params.id ?? "<empty>"}` }),
});
app.http("raw", {
  ...both,
  async handler(request) {
    const type = request.query.get("type");
    return { body: await request.text(), ...(type && { headers: { "content-type": type } }) };
  },
});
app.http("bodyKind", {
  ...both,
  async handler(request) {
    const body = await request.text();
    return { jsonBody: { type: typeof body, body } };
  },
});
app.http("hasBody", { ...both, handler: (request) => ({ jsonBody: { hasBody: request.body !== null } }) });
app.http("refusal", { ...both, handler: () => ({ status: 400 }) });
app.http("locked", { ...both, authLevel: "function", handler: () => ({ body: "Hello World!" }) });
app.http("switchedOff", { ...both, authLevel: "function", handler: () => ({ body: "Hello World!" }) });
app.http("logging", {
  ...both,
  handler(_, context) {
    context.log("loglevel default");
    context.info("loglevel info");
    context.trace("loglevel verbose");
    context.warn("loglevel warn");
    context.error("loglevel error");
    context.log("Mathew", "Charles");
    context.log(null);
    context.log(1234);
    context.log(true);
    return {};
  },
});
