import { app, HttpResponse, output } from "@azure/functions";

app.http("echo", {
  route: "echo/{id:int}/{tail?}",
  methods: ["GET", "POST"],
  handler: async (request, context) => ({
    jsonBody: {
      method: request.method,
      url: request.url,
      params: request.params,
      query: [...request.query],
      header: request.headers.get("x-one"),
      cookie: request.headers.get("cookie"),
      body: await request.text(),
      user: request.user,
      functionName: context.functionName,
      invocationId: context.invocationId,
      traceParent: context.traceContext?.traceParent,
      hasMetadata: context.triggerMetadata !== undefined,
    },
  }),
});

app.generic("nothing", {
  trigger: { type: "httpTrigger", name: "request", methods: ["GET"], authLevel: "anonymous" },
  return: output.http({}),
  handler: () => undefined,
});
app.get("empty", () => ({}));
app.get("text", () => ({ body: "plain" }));
app.get("bytes", () => ({
  body: Buffer.from([0, 255, 1]),
  headers: { "content-type": "application/x-raw" },
}));
app.get("nullJson", () => ({ jsonBody: null }));
app.get("teapot", () => new HttpResponse({ status: 418, headers: { "X-Two": "2" }, body: "short" }));
app.get("noContent", () => ({ status: 304, headers: { etag: '"1"' } }));
app.get("wrongStatus", () => ({ status: 700 }));
app.generic("notAnObject", {
  trigger: { type: "httpTrigger", name: "request", methods: ["GET"], authLevel: "anonymous" },
  return: output.http({}),
  handler: () => "text",
});
app.get("fails", () => {
  throw new Error("secret detail");
});
app.get("throwsNothing", () => Promise.reject());
app.generic("failsOnce", {
  trigger: { type: "httpTrigger", name: "request", methods: ["GET"], authLevel: "anonymous" },
  return: output.http({}),
  retry: { strategy: "fixedDelay", maxRetryCount: 2, delayInterval: 1 },
  handler() {
    throw new Error("once");
  },
});
app.get("late", (_, context) => {
  setTimeout(() => context.info("nobody waited for this"), 5);
  return {};
});
app.get("cookies", () => ({
  cookies: [
    {
      name: "a",
      value: "1 2",
      sameSite: "None",
      secure: true,
      httpOnly: true,
      maxAge: 60,
      domain: "example.com",
    },
    { name: "b", value: "x", path: "/b", expires: new Date(Date.UTC(2030, 0, 2, 3, 4, 5)) },
  ],
}));

app.get("aOrderById", { route: "orders/{id}", handler: () => ({ body: "by id" }) });
app.get("bOrderStats", { route: "orders/stats", handler: () => ({ body: "stats" }) });
app.get("bOrderByKey", { route: "orders/{key}", handler: () => ({ body: "by key" }) });
app.post("cOrderPost", { route: "orders/{id}", handler: () => ({ body: "posted" }) });
app.get("files", {
  route: "files/{*path}",
  handler: (request) => ({ body: `[${request.params.path ?? "none"}]` }),
});
app.get("paged", { route: "paged/{page=1}", handler: (request) => ({ body: request.params.page ?? "" }) });
app.deleteRequest("removal", { route: "removal", handler: () => ({ status: 202 }) });
app.get("locked", { authLevel: "function", handler: () => ({ body: "open" }) });
app.get("guarded", { authLevel: "admin", handler: () => ({ body: "open" }) });
app.get("disabled", () => ({ body: "should not run" }));
app.get("webSite", () => ({ body: process.env.WEBSITE_HOSTNAME ?? "" }));
app.get("slow", async () => {
  await new Promise((resolve) => setTimeout(resolve, 150));
  return { body: "done" };
});

app.get("zAdmin", { route: "admin/things", handler: () => ({}) });
app.get("zConflict", { route: "ORDERS/{id}", handler: () => ({}) });
app.get("zConstraint", { route: "z/{x:prime}", handler: () => ({}) });
app.get("zSetting", { route: "%NO_SUCH_SETTING%", handler: () => ({}) });
app.storageQueue("zQueue", { queueName: "q", connection: "c", handler: () => undefined });
