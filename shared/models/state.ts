import * as z from "zod";
import { SignalKind } from "../signals/signal.ts";

/**
 * What the control plane knows of one model: the state that `decide` reads beside signal and policy. What is no model
 * (an endpoint, a budget, a workspace) has one as well, with the name of its session in place of the model's.
 */
export const ModelState = z.object({
  model: z.string(),
  /** The version serving now; null before the first rollout. */
  champion: z
    .object({ version: z.string(), deployment: z.string(), since: z.iso.datetime() })
    .nullable()
    .default(null),
  /** Operations under way for this model. */
  operations: z
    .array(
      z.object({ id: z.string(), kind: z.string(), since: z.iso.datetime(), version: z.string().optional() }),
    )
    .default([]),
  /**
   * Versions that an operation is about to register itself, by version: written before the registration, so that
   * the event that announces it is recognised whenever it arrives.
   */
  claims: z.record(z.string(), z.string()).default({}),
  /** When the last automatic retraining ended, whatever its outcome; its cool-down counts from here. */
  lastRetrainedAt: z.iso.datetime().nullable().default(null),
  /** When each automatic retraining of late was started: the quota and the loop guard count these. */
  retrains: z.array(z.object({ startedAt: z.iso.datetime(), cause: SignalKind })).default([]),
  /** Consecutive breaches by signal kind since the last cleared one or the last retraining, newest last. */
  breaches: z.partialRecord(SignalKind, z.array(z.iso.datetime())).default({}),
  /**
   * The latest reports of each kind that can be raised and cleared, newest last; `acted` marks one whose reaction
   * started. Breaches within the last reports, flapping and confirmation by performance count these.
   */
  reports: z
    .partialRecord(
      SignalKind,
      z.array(
        z.object({
          at: z.iso.datetime(),
          state: z.enum(["raised", "cleared"]),
          acted: z.boolean().default(false),
        }),
      ),
    )
    .default({}),
  /**
   * The incident that is open for this subject: the signals that came since belong to it. It closes when all that it
   * concerns has cleared, or when no more signals come; whoever ends its operation sets it to null.
   */
  incident: z
    .object({
      /** Id of the signal that opened it. */
      id: z.string(),
      openedAt: z.iso.datetime(),
      /** When its latest raised signal was decided. */
      lastAt: z.iso.datetime(),
      /** What is still raised: kind, endpoint and deployment. */
      concerns: z.array(z.string()),
      signals: z.int().min(1),
    })
    .nullable()
    .default(null),
  /** Reactions that wait for somebody to approve what they cost, each with the latest signal that called for it. */
  costRequests: z
    .array(z.object({ reaction: z.string(), kind: SignalKind, signal: z.string(), at: z.iso.datetime() }))
    .default([]),
  /** Spending that people have approved, up to this amount and until then; the reaction that starts uses it up. */
  approvedCosts: z
    .array(z.object({ reaction: z.string(), amount: z.number(), until: z.iso.datetime() }))
    .default([]),
  /** Ids of the latest signals that were decided, newest last: a redelivery is a duplicate. */
  decidedSignals: z.array(z.string()).default([]),
});
export type ModelState = z.infer<typeof ModelState>;
