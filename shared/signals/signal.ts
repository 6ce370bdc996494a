import * as z from "zod";

/** Everything that can happen to what the control plane watches over. */
export const SIGNAL_KINDS = [
  "model.registered",
  "model.deployed",
  "job.completed",
  "job.failed",
  "drift.data",
  "drift.prediction",
  "performance.degraded",
  "data-quality.violated",
  "responsible-ai.violated",
  "endpoint.slow",
  "endpoint.failing",
  "endpoint.saturated",
  "capacity.insufficient",
  "network.unreachable",
  "throttling.exceeded",
  "endpoint.unused",
  "workspace.idle",
  "budget.reached",
  "policy.violated",
  "image.vulnerable",
  "api.threatened",
  "platform.unhealthy",
] as const;

export const SignalKind = z.enum(SIGNAL_KINDS);
export type SignalKind = z.infer<typeof SignalKind>;

/** What a signal is about. Versions are text, as Azure ML has them; `workspace` is a resource id, original casing. */
export const Subject = z.object({
  workspace: z.string().optional(),
  model: z.string().optional(),
  version: z.string().optional(),
  endpoint: z.string().optional(),
  deployment: z.string().optional(),
  job: z.string().optional(),
  budget: z.string().optional(),
  image: z.string().optional(),
  /** Any other resource id: a policy's resource, a subscription. */
  resource: z.string().optional(),
});
export type Subject = z.infer<typeof Subject>;

/** One measured thing behind a signal: which metric of which feature, and where it stood against its limit. */
export const Measurement = z.object({
  metric: z.string(),
  value: z.number().nullable(),
  threshold: z.number().nullable(),
  unit: z.string().optional(),
  /** The feature, the budget tier or the dimension that it was measured for. */
  group: z.string().optional(),
  /** ISO 8601 duration or interval. */
  window: z.string().optional(),
  sampleSize: z.number().int().optional(),
});
export type Measurement = z.infer<typeof Measurement>;

/** Something that happened, normalised: the one type that travels from a door to a decision. */
export const Signal = z.object({
  /** Stable over redeliveries of the same occurrence, different for a new one. At most 128 characters. */
  id: z.string().min(1).max(128),
  kind: SignalKind,
  state: z.enum(["raised", "cleared"]),
  subject: Subject,
  /** As Azure Monitor counts: 0 critical to 4 verbose. */
  severity: z.number().int().min(0).max(4),
  occurredAt: z.iso.datetime(),
  /** What was measured, and free facts (tags, run status, message) as text. */
  evidence: z.object({
    measurements: z.array(Measurement).default([]),
    facts: z.record(z.string(), z.string()).default({}),
  }),
  /** Where it came from: door, event type or monitoring service, and the sender's own id. */
  source: z.object({ door: z.string(), type: z.string(), id: z.string() }),
});
export type Signal = z.infer<typeof Signal>;
