import type { InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import type { Activity, Orchestration } from "../orchestrations/durable.ts";
import type { Services } from "../shared/services.ts";

/** Makes an activity known to the Functions host: its input is checked before it runs, its answer before it travels. */
export function registerActivity<I, O>(step: Activity<I, O>, services: () => Services): void {
  df.app.activity(step.name, {
    handler: async (input: unknown) => step.output.parse(await step.run(step.input.parse(input), services())),
  });
}

/** Makes an orchestration known to the Functions host. */
export function registerOrchestration<I, O>(orchestration: Orchestration<I, O>): void {
  df.app.orchestration(orchestration.name, function* (context) {
    return yield* orchestration.run(context, orchestration.input.parse(context.df.getInput()));
  });
}

/** The durable client of an invocation whose function was registered with `durableClient` as an extra input. */
export const durableClient = df.input.durableClient();

export function clientOf(context: InvocationContext): df.DurableClient {
  return df.getClient(context);
}
