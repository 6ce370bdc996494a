import * as z from "zod";
import { caseless, firstProblem, isRecord, Moment, Name, shown } from "./fields.ts";
import { type ParseOutcome, rejected } from "./outcome.ts";
import { subjectOf } from "./resource-id.ts";

export type InferenceValue = number | string | boolean;

/** What a model said, or what turned out to be true: one value for each row of the request. */
export type InferenceRecord = {
  side: "prediction" | "truth";
  /** The same in both, so that they meet. */
  correlationId: string;
  endpoint: string;
  deployment: string;
  at: string;
  values: InferenceValue[];
};

const TYPE = /^(?:azureml|outerloop)\.inference\.(inputs|outputs|truths)$/i;
const MOST_ROWS = 1_000;

export const isInference = (type: string): boolean => TYPE.test(type);

const Record = caseless({
  type: Name,
  source: Name,
  time: Moment,
  correlationid: Name,
  data: z.array(z.unknown()).min(1).max(MOST_ROWS),
});

/**
 * Reads one CloudEvent of Azure ML's model data collection: `azureml.inference.outputs` is a prediction. Truths come
 * later in the same form, as `outerloop.inference.truths` with the `correlationid` of the request; nobody publishes a
 * type of their own for them. Of a row, the value itself counts, its field `prediction` or `truth`, or its only field.
 *
 * @returns null for inputs, which nothing here reads
 */
export function inferenceRecord(record: unknown): InferenceRecord | ParseOutcome | null {
  const read = Record.safeParse(record);
  if (!read.success) {
    const { field, reason } = firstProblem(read.error);
    return rejected("inference", field, reason);
  }
  const { type, source, time, correlationid, data } = read.data;
  const collection = TYPE.exec(type)?.[1]?.toLowerCase();
  if (collection === "inputs") return null;
  const side = collection === "truths" ? "truth" : "prediction";
  const { endpoint, deployment = "" } = subjectOf(source);
  if (endpoint === undefined) {
    return rejected(
      "inference",
      "source",
      `source: expected an endpoint's resource id, found ${shown(source)}`,
    );
  }
  const values: InferenceValue[] = [];
  for (const [index, row] of data.entries()) {
    const value = rowValue(row, side);
    if (value === null) {
      const reason = `data.${index}: expected a value, or an object with '${side}', found ${shown(row)}`;
      return rejected("inference", `data.${index}`, reason);
    }
    values.push(value);
  }
  return { side, correlationId: correlationid, endpoint, deployment, at: time, values };
}

function rowValue(row: unknown, name: string): InferenceValue | null {
  if (!isRecord(row)) return scalar(row);
  if (Object.hasOwn(row, name)) return scalar(row[name]);
  const members = Object.values(row);
  return members.length === 1 ? scalar(members[0]) : null;
}

function scalar(value: unknown): InferenceValue | null {
  if (typeof value === "string") return value.slice(0, 200);
  return typeof value === "number" || typeof value === "boolean" ? value : null;
}
