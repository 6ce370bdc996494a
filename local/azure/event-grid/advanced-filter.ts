import * as z from "zod";
import { type DeliverySchema, type KeptEvent, toEnvelope } from "./envelope.ts";

/** A subscription has at most so many advanced filters, and so many values in all of them. */
const MOST_FILTERS = 25;
const MOST_VALUES = 25;

const Key = z.string().min(1);
const Text = z.string().max(512);
const Range = z.tuple([z.number(), z.number()]);
const withValues = <N extends string, V extends z.ZodType>(names: readonly N[], value: V) =>
  z.object({ operatorType: z.enum(names), key: Key, values: z.array(value).min(1) });

const Filter = z.discriminatedUnion("operatorType", [
  withValues(["NumberIn", "NumberNotIn"], z.number()),
  withValues(["NumberInRange", "NumberNotInRange"], Range),
  z.object({
    operatorType: z.enum([
      "NumberLessThan",
      "NumberGreaterThan",
      "NumberLessThanOrEquals",
      "NumberGreaterThanOrEquals",
    ]),
    key: Key,
    value: z.number(),
  }),
  z.object({ operatorType: z.literal("BoolEquals"), key: Key, value: z.boolean() }),
  withValues(
    [
      "StringIn",
      "StringNotIn",
      "StringBeginsWith",
      "StringNotBeginsWith",
      "StringEndsWith",
      "StringNotEndsWith",
      "StringContains",
      "StringNotContains",
    ],
    Text,
  ),
  z.object({ operatorType: z.enum(["IsNullOrUndefined", "IsNotNull"]), key: Key }),
]);
type Filter = z.infer<typeof Filter>;

/** @see https://learn.microsoft.com/azure/event-grid/event-filtering#advanced-filtering */
export const AdvancedFilters = z
  .array(Filter)
  .max(MOST_FILTERS)
  .refine(
    (filters) =>
      filters.reduce((sum, one) => sum + ("values" in one ? one.values.length : 1), 0) <= MOST_VALUES,
    `expected at most ${MOST_VALUES} values in all filters`,
  );

/** All filters must hold. A value that is missing or of another type fits none but the `Not` operators. */
export function passes(
  event: KeptEvent,
  schema: DeliverySchema,
  filters: readonly Filter[],
  isOnArrays: boolean,
): boolean {
  if (filters.length === 0) return true;
  const envelope = toEnvelope(event, schema);
  return filters.every((filter) => {
    const found = lookUp(envelope, filter.key);
    if (filter.operatorType === "IsNullOrUndefined") return found === undefined || found === null;
    if (filter.operatorType === "IsNotNull") return found !== undefined && found !== null;
    const isNot = filter.operatorType.includes("Not");
    const candidates = isOnArrays && Array.isArray(found) ? found : [found];
    const isFitting = candidates.some((value: unknown) => fits(filter, value));
    return isNot ? !isFitting : isFitting;
  });
}

/** Whether a value fits the operator, its `Not` left aside. */
function fits(filter: Filter, value: unknown): boolean {
  const operator = filter.operatorType.replace("Not", "");
  if (filter.operatorType === "BoolEquals") return value === filter.value;
  if (typeof value === "number") return fitsNumber(operator, value, filter);
  if (typeof value !== "string" || !("values" in filter)) return false;
  const text = value.toLowerCase();
  return filter.values.some(
    (wanted) => typeof wanted === "string" && fitsText(operator, text, wanted.toLowerCase()),
  );
}

function fitsNumber(operator: string, value: number, filter: Filter): boolean {
  if ("values" in filter) {
    return filter.values.some((wanted) =>
      Array.isArray(wanted) ? wanted[0] <= value && value <= wanted[1] : wanted === value,
    );
  }
  if (!("value" in filter) || typeof filter.value !== "number") return false;
  const wanted = filter.value;
  if (operator === "NumberLessThan") return value < wanted;
  if (operator === "NumberGreaterThan") return value > wanted;
  return operator === "NumberLessThanOrEquals" ? value <= wanted : value >= wanted;
}

function fitsText(operator: string, text: string, wanted: string): boolean {
  if (operator === "StringBeginsWith") return text.startsWith(wanted);
  if (operator === "StringEndsWith") return text.endsWith(wanted);
  return operator === "StringContains" ? text.includes(wanted) : text === wanted;
}

/** Follows `data.RunTags.name` without regard to case; a key that holds dots itself is found as well. */
export function lookUp(from: unknown, key: string): unknown {
  if (typeof from !== "object" || from === null) return undefined;
  const wanted = key.toLowerCase();
  for (const [name, value] of Object.entries(from)) {
    if (name.toLowerCase() === wanted) return value;
  }
  for (const [name, value] of Object.entries(from)) {
    if (!wanted.startsWith(`${name.toLowerCase()}.`)) continue;
    const found = lookUp(value, key.slice(name.length + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}
