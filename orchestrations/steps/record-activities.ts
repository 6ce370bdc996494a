import * as z from "zod";
import { activity } from "../durable.ts";
import { Cause } from "../operation.ts";

const Nothing = z.null();

/**
 * Puts an operation on record and in its model's queue: the first operation in the queue has its turn.
 * Safe to repeat: an operation that is there already stays as it is.
 */
export const beginOperation = activity(
  "beginOperation",
  z.object({
    operation: z.string(),
    kind: z.string(),
    model: z.string(),
    version: z.string().nullable(),
    cause: Cause,
    parent: z.string().nullable(),
    policyDigest: z.string(),
    startedAt: z.iso.datetime(),
    sentence: z.string(),
  }),
  Nothing,
  ({ kind }) => `Begin ${kind}`,
  async (input, { models, operations, ledger }) => {
    const { operation: id, kind, model, version, cause, parent, policyDigest, startedAt, sentence } = input;
    const row = { id, kind, model, version, startedAt, sentence, cause, parent, policyDigest };
    await operations.start({ ...row, endedAt: null, outcome: null });
    await ledger.append(`${id}/started`, {
      kind: "started",
      summary: sentence,
      actor: "outerloop",
      model,
      ...(version === null ? {} : { version }),
      operation: id,
      signal: cause.signal,
      policyDigest,
      evidence: {},
    });
    // A child works within its parent's turn.
    if (parent === null) {
      await models.update(model, (state) =>
        state.operations.some((queued) => queued.id === id)
          ? state
          : {
              ...state,
              operations: [
                ...state.operations,
                { id, kind, since: startedAt, ...(version === null ? {} : { version }) },
              ],
            },
      );
    }
    return null;
  },
);

/** Reading changes nothing. */
export const readTurn = activity(
  "readTurn",
  z.object({ operation: z.string(), model: z.string() }),
  z.object({ isMine: z.boolean(), holder: z.string().nullable() }),
  ({ model }) => `See whose turn it is for ${model}`,
  async ({ operation, model }, { models }) => {
    const holder = (await models.read(model)).operations[0]?.id ?? null;
    return { isMine: holder === null || holder === operation, holder };
  },
);

/** Safe to repeat: the first end counts, and the ledger keeps one entry. */
export const endOperation = activity(
  "endOperation",
  z.object({
    operation: z.string(),
    kind: z.string(),
    model: z.string(),
    outcome: z.string(),
    sentence: z.string(),
    endedAt: z.iso.datetime(),
  }),
  Nothing,
  ({ outcome }) => `End: ${outcome}`,
  async ({ operation, kind, model, outcome, sentence, endedAt }, { models, operations, ledger }) => {
    await ledger.append(`${operation}/outcome`, {
      kind: "outcome",
      summary: sentence,
      actor: "outerloop",
      model,
      operation,
      evidence: { outcome },
    });
    await operations.end(operation, outcome, sentence, new Date(endedAt));
    await models.update(model, (state) => ({
      ...state,
      operations: state.operations.filter(({ id }) => id !== operation),
      lastRetrainedAt: kind === "retraining" ? endedAt : state.lastRetrainedAt,
    }));
    return null;
  },
);

/** Safe to repeat: one entry for each operation and step. */
export const recordStep = activity(
  "recordStep",
  z.object({
    operation: z.string(),
    step: z.string(),
    model: z.string(),
    version: z.string().optional(),
    summary: z.string(),
    evidence: z.record(z.string(), z.unknown()).default({}),
  }),
  Nothing,
  ({ summary }) => `Record: ${summary}`,
  async ({ operation, step, model, version, summary, evidence }, { ledger }) => {
    await ledger.append(`${operation}/${step}`, {
      kind: "step",
      summary,
      actor: "outerloop",
      model,
      ...(version === undefined ? {} : { version }),
      operation,
      evidence,
    });
    return null;
  },
);
