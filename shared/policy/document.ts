import * as z from "zod";
import { ModelPolicy, Scenario } from "./schema.ts";

/**
 * The same schema with every field optional and no defaults filled in: a layer says what it changes and no more.
 * Lists are replaced whole, so what is inside them stays as strict as it was.
 */
function partial(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) return partial(inner(schema));
  if (!(schema instanceof z.ZodObject)) return schema;
  const fields = Object.entries(shapeOf(schema)).map(([name, field]) => {
    const description = field.description ?? inner(field).description;
    const open = partial(field).optional();
    return [name, description === undefined ? open : open.describe(description)];
  });
  return z.strictObject(Object.fromEntries(fields));
}

function inner(schema: z.ZodType): z.ZodType {
  const wrapped = schema instanceof z.ZodDefault || schema instanceof z.ZodOptional;
  return wrapped ? (schema.unwrap() as z.ZodType) : schema;
}

/** The fields of an object schema; none for any other. */
export function shapeOf(schema: z.ZodType): Record<string, z.ZodType> {
  const core = inner(schema);
  return core instanceof z.ZodObject ? (core.shape as Record<string, z.ZodType>) : {};
}

/** A tree of some of a policy's fields: one layer of {@link PolicyDocument}. */
export type Layer = Record<string, unknown>;

const Shared = partial(ModelPolicy.omit({ scenario: true })) as z.ZodType<Layer>;
const ForModels = z.strictObject({ ...shapeOf(partial(ModelPolicy)), scenario: Scenario });

/**
 * What `policy.yaml` holds. Each model gets `defaults`, over them those of its scenario, over them every pattern
 * that matches its name, from the least to the most specific. A model that no pattern matches has no policy.
 */
export const PolicyDocument = z.strictObject({
  version: z.literal(1),
  defaults: Shared.describe("what holds wherever a scenario or a model does not say otherwise").optional(),
  scenarios: z
    .strictObject({ classical: Shared.optional(), vision: Shared.optional(), language: Shared.optional() })
    .describe("what holds for every model of a scenario")
    .optional(),
  models: z
    .record(z.string().min(1), ForModels as z.ZodType<Layer & { scenario: Scenario }>)
    .describe("by name; * stands for any run of characters, the most specific pattern wins"),
});
export type PolicyDocument = z.infer<typeof PolicyDocument>;
