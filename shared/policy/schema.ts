import * as z from "zod";
import { isTimeZone } from "./zoned-time.ts";

/** ISO 8601 duration of days, hours, minutes and seconds, such as `P7D` or `PT10S`. */
const Duration = z
  .string()
  .regex(/^P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?$/, "an ISO 8601 duration such as P7D, PT12H or PT10S")
  .describe("ISO 8601 duration: P7D, PT12H, PT10S");

export const Scenario = z.enum(["classical", "vision", "language"]);
export type Scenario = z.infer<typeof Scenario>;

/** A job that the customer's own code does, in Azure ML's terms: `${{inputs.x}}` and `${{outputs.y}}` in the command. */
export const JobTemplate = z.strictObject({
  experiment: z.string().min(1),
  command: z.string().min(1),
  codeId: z.string().optional().describe("ARM id or azureml: reference of the code asset"),
  environmentId: z.string().min(1).describe("ARM id or azureml: reference of the environment"),
  computeId: z.string().optional().describe("ARM id of the compute; absent: serverless"),
  /** Extra literal inputs, passed as they are. */
  inputs: z.record(z.string(), z.string()).default({}),
  timeout: Duration.default("PT2H"),
});
export type JobTemplate = z.infer<typeof JobTemplate>;

/** One person or shared mailbox that may decide, in the role that counts towards the quorum. */
export const Approver = z.strictObject({
  email: z.email(),
  persona: z.string().min(1).describe("e.g. model-tester, project-lead, business-stakeholder"),
});
export type Approver = z.infer<typeof Approver>;

/**
 * How several signals about one subject are taken together; also what counts for a subject without a policy. No severity
 * is too little unless a policy says so: Azure gives all alerts of the activity log, a threat among them, its lowest.
 */
export const INCIDENT_DEFAULTS = { window: "PT1H", leastSeverity: 4, changes: 6, changesWithin: "PT1H" };

const INCIDENTS = {
  window: Duration.default(INCIDENT_DEFAULTS.window).describe(
    "signals about one subject belong to its open incident until none came for this long",
  ),
  leastSeverity: z
    .int()
    .min(0)
    .max(4)
    .default(INCIDENT_DEFAULTS.leastSeverity)
    .describe("0 critical to 4 verbose; what is less severe is told to people and starts nothing"),
  changes: z
    .int()
    .min(2)
    .max(50)
    .default(INCIDENT_DEFAULTS.changes)
    .describe("changes between raised and cleared, from which on a signal is flapping"),
  changesWithin: Duration.default(INCIDENT_DEFAULTS.changesWithin),
};

/** With an offset or Z, or local time where the freeze names its time zone. */
const FreezeTime = z.iso.datetime({ offset: true, local: true });

const TimeZone = z
  .string()
  .refine(isTimeZone, "an IANA time zone such as Europe/Berlin")
  .describe("IANA name; `from` and `to` are local times there: 2026-12-24T00:00:00");

/** Everything a reaction needs to know about one model, all defaults applied. */
export const ModelPolicy = z.strictObject({
  scenario: Scenario,
  drift: z.strictObject({
    consecutiveBreaches: z
      .int()
      .min(1)
      .describe("breaches of the same kind before a reaction: in a row, or within the last `outOf` reports"),
    outOf: z.int().min(1).max(50).optional().describe("reports among which breaches are counted"),
    minimumSample: z
      .int()
      .min(0)
      .default(0)
      .describe("rows that a finding must rest on, where the sender says how many it had"),
    minimumImportance: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe("drift of features that all matter less than this is noise"),
    importance: z
      .record(z.string(), z.number().min(0).max(1))
      .default({})
      .describe("share of the model's decision by feature; a feature that is not named counts as important"),
    actOn: z
      .enum(["suspected", "confirmed"])
      .default("suspected")
      .describe("confirmed: drift waits until performance, measured against truths, got worse too"),
    confirmWithin: Duration.default("P7D").describe("how long a finding about performance counts"),
  }),
  incidents: z.strictObject(INCIDENTS).default(INCIDENT_DEFAULTS),
  cost: z
    .strictObject({
      currency: z
        .string()
        .regex(/^[A-Z]{3}$/, "a currency such as EUR")
        .default("EUR")
        .describe("ISO 4217"),
      approvalAbove: z
        .number()
        .min(0)
        .optional()
        .describe("a reaction whose estimate is above this waits for an approval; absent: none does"),
      estimates: z
        .strictObject({
          retraining: z.number().min(0).optional(),
          "development-loopback": z.number().min(0).optional(),
          "setup-loopback": z.number().min(0).optional(),
        })
        .default({})
        .describe("what one such reaction costs, in `currency`"),
    })
    .default({ currency: "EUR", estimates: {} }),
  retraining: z.strictObject({
    enabled: z.boolean(),
    dataAsset: z.string().min(1).describe("name of the data asset that holds recent production data"),
    job: JobTemplate,
    modelOutput: z.string().min(1).describe("name of the job output that holds the trained model"),
    coolDown: Duration,
    quota: z.strictObject({ retrains: z.int().min(1), window: Duration }),
    loopGuard: z
      .int()
      .min(1)
      .describe("retrains for the same cause, after which it is a development loopback"),
  }),
  staging: z.strictObject({
    endpoint: z.string().min(3).max(32),
    evaluation: JobTemplate,
    checks: z.strictObject({
      quality: z.strictObject({
        metric: z.string().describe("MLflow metric, logged as candidate_<metric> and champion_<metric>"),
        maximum: z.number().describe("the candidate may not be above this, whatever the champion does"),
        tolerance: z
          .number()
          .min(0)
          .describe("how much worse than the champion is still acceptable, same unit"),
        unit: z.string(),
        minimumSample: z.int().min(1),
      }),
      smoke: z.strictObject({
        requests: z.int().min(1),
        request: z.json().describe("body of a scoring request that the model must answer"),
        p95Ms: z.number().positive(),
        errorRate: z.number().min(0).max(1),
      }),
    }),
  }),
  approval: z.strictObject({
    gate: z.enum(["approval", "automatic"]),
    approvers: z.array(Approver),
    quorum: z.int().min(1),
    remindAfter: Duration,
    expireAfter: Duration,
  }),
  rollout: z.strictObject({
    endpoint: z.string().min(3).max(32),
    instanceType: z.string().min(1),
    instanceCount: z.int().min(1).max(50),
    steps: z.array(z.int().min(1).max(100)).min(1).describe("percent of traffic, rising, the last one 100"),
    bake: Duration.describe("how long each step is watched before it is judged"),
    limits: z.strictObject({
      p95Ms: z.number().positive(),
      errorRate: z.number().min(0).max(1),
      minimumRequests: z.int().min(0).describe("fewer requests than this are not enough evidence"),
    }),
    keepPrevious: Duration.describe("how long the previous deployment stays warm for rollback"),
  }),
  freezes: z
    .array(
      z.strictObject({
        from: FreezeTime,
        to: FreezeTime,
        timeZone: TimeZone.optional(),
        reason: z.string(),
      }),
    )
    .describe("windows in which nothing is started automatically"),
});
export type ModelPolicy = z.infer<typeof ModelPolicy>;
