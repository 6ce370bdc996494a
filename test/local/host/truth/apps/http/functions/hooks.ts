import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from "@azure/functions";

function hooked(_: HttpRequest, extra: string, context: InvocationContext): HttpResponseInit {
  context.log(`hooked was triggered with second input ${extra}`);
  return { body: "hookBodyResponse" };
}
app.http("hooked", {
  methods: ["POST"],
  authLevel: "anonymous",
  handler: (...parameters) => Reflect.apply(hooked, undefined, parameters),
});

let isStarted = false;
app.hook.appStart(() => {
  isStarted = true;
});
app.http("started", {
  methods: ["GET"],
  authLevel: "anonymous",
  handler: () => ({ body: String(isStarted) }),
});

app.hook.preInvocation((hook) => {
  if (hook.invocationContext.functionName !== "hooked") return;
  const { invocationContext: context, inputs, functionHandler } = hook;
  context.log(`preInvocation with inputs ${inputs.map((input) => Object(input).constructor.name)}`);
  inputs.push("extraTestInput12345");
  hook.functionHandler = (...parameters) => {
    context.log("extra log from updated functionHandler");
    return functionHandler(...parameters);
  };
  hook.hookData.testData = "preInvocationHookData123";
  for (const property of ["hookData", "invocationContext"]) {
    try {
      Object.assign(hook, { [property]: {} });
    } catch (error) {
      context.log(`Ignored: ${error instanceof Error ? error.message : error}`);
    }
  }
});
app.hook.preInvocation(({ invocationContext }) => invocationContext.log("This should never run.")).dispose();

app.hook.postInvocation(({ invocationContext, error, result, hookData }) => {
  if (invocationContext.functionName !== "hooked") return;
  invocationContext.log(
    `postInvocation with error: ${error}, result: ${JSON.stringify(result)}, hook data: ${hookData.testData}`,
  );
});
