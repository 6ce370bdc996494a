import * as z from "zod";
import { activity } from "../durable.ts";

/**
 * Safe to repeat: the version is claimed before it is registered, and a claim is used again. The claim also tells
 * whoever hears of the new version that this operation promotes it.
 */
export const registerCandidate = activity(
  "registerCandidate",
  z.object({
    operation: z.string(),
    model: z.string(),
    modelUri: z.string(),
    job: z.string(),
    data: z.string(),
    cause: z.string(),
  }),
  z.object({ version: z.string() }),
  ({ model }) => `Register a new version of ${model}`,
  async ({ operation, model, modelUri, job, data, cause }, { effects, machineLearning, models }) =>
    effects.once({ operation, step: "register" }, async () => {
      const next = await machineLearning.nextModelVersion(model);
      const state = await models.update(model, (before) =>
        Object.values(before.claims).includes(operation)
          ? before
          : { ...before, claims: { ...before.claims, [next]: operation } },
      );
      const version =
        Object.entries(state.claims).find(([, claimant]) => claimant === operation)?.[0] ?? next;
      await machineLearning.registerModel(model, version, {
        uri: modelUri,
        description: `Retrained on ${data}. ${cause}`,
        tags: { "outerloop.operation": operation, "outerloop.job": job, "outerloop.data": data },
        properties: {},
      });
      return { version };
    }),
);
