import { readFileSync } from "node:fs";
import type { Approval } from "../../../shared/approvals/approval.ts";
import type { Evaluation } from "../../../shared/checks/verdict.ts";
import type { InboxEntry } from "../../../shared/inbox/inbox.ts";
import { chain, GENESIS, type LedgerEntry, type LedgerRecord } from "../../../shared/ledger/entry.ts";
import { ModelState } from "../../../shared/models/state.ts";
import type { Operation } from "../../../shared/operations/operation-store.ts";
import type { TimelineRow } from "../../../shared/operations/timeline.ts";
import { loadPolicy } from "../../../shared/policy/load.ts";

/** One afternoon of a model whose inputs drifted: what the pages and mails are tried with. */
export const NOW = new Date("2026-07-14T14:00:00.000Z");

export const minutes = (count: number) => new Date(NOW.getTime() + count * 60_000).toISOString();

const drift = {
  signal: "azureml-monitor-0f6b1c2d9a7e4d35",
  kind: "drift.data",
  summary:
    "Model weather-max gets data that has drifted (normalized_wasserstein_distance of temp_max 0.62, limit 0.3), so it is retrained on new production data.",
};

export const evaluation: Evaluation = {
  passed: true,
  data: "weather-observations:37",
  verdicts: [
    {
      check: "quality",
      verdict: "passed",
      reason: "Its rmse is 2.14 °C, the champion's 4.08 °C: no worse than 0.100 °C allows.",
      sampleSize: 30,
      figures: [
        {
          name: "rmse",
          unit: "°C",
          candidate: 2.1408732,
          champion: 4.0788215,
          limit: 6,
          interval: { low: -2.61, high: -1.27 },
          tolerance: 0.1,
        },
      ],
    },
    {
      check: "smoke",
      verdict: "passed",
      reason: "All limits were kept over 50 requests.",
      sampleSize: 50,
      figures: [
        {
          name: "p95 latency",
          unit: "ms",
          candidate: 41.7,
          champion: null,
          limit: 500,
          interval: null,
          tolerance: null,
        },
        {
          name: "errors",
          unit: "%",
          candidate: 0,
          champion: null,
          limit: 1,
          interval: null,
          tolerance: null,
        },
      ],
    },
  ],
};

export const openApproval: Approval = {
  id: "promotion-weather-max-2-approval",
  operation: "promotion-weather-max-2",
  status: "open",
  packet: {
    model: "weather-max",
    version: "2",
    champion: "1",
    cause: drift,
    evaluation,
    rollout: { endpoint: "weather-max", steps: [10, 50, 100], bake: "PT30M", rollbackTo: "version-1" },
    policyDigest: "9f2c".repeat(16),
  },
  evidenceDigest: "51ab".repeat(16),
  approvers: [
    { email: "ml-approver@example.com", persona: "model-tester" },
    { email: "project-lead@example.com", persona: "project-lead" },
  ],
  quorum: 2,
  requestedAt: minutes(-12),
  expiresAt: minutes(24 * 60),
  closedAt: null,
  decisions: [],
};

export const viewer = { email: "ml-approver@example.com", persona: "model-tester" };

const yes = {
  by: "ml-approver@example.com",
  persona: "model-tester",
  decision: "approve",
  comment: "Halves the error on July; the interval is far from the tolerance.",
  at: minutes(-4),
} as const;

export const halfApproval: Approval = { ...openApproval, decisions: [yes] };

export const approvedApproval: Approval = {
  ...openApproval,
  status: "approved",
  closedAt: minutes(-2),
  decisions: [
    yes,
    { ...yes, by: "project-lead@example.com", persona: "project-lead", comment: "", at: minutes(-2) },
  ],
};

export const rejectedApproval: Approval = {
  ...openApproval,
  id: "promotion-weather-max-1b-approval",
  packet: { ...openApproval.packet, version: "1b" },
  status: "rejected",
  requestedAt: minutes(-3_000),
  expiresAt: minutes(-1_560),
  closedAt: minutes(-2_900),
  decisions: [
    {
      ...yes,
      decision: "reject",
      comment: "Trained on a week with a broken sensor: retrain without 3 July.",
      at: minutes(-2_900),
    },
  ],
};

export const firstApproval: Approval = {
  ...openApproval,
  packet: {
    ...openApproval.packet,
    version: "1",
    champion: null,
    rollout: { ...openApproval.packet.rollout, steps: [100], rollbackTo: null },
  },
  quorum: 1,
};

const operation: Operation = {
  id: "retraining-weather-max-3fd21b7f90aa",
  kind: "retraining",
  model: "weather-max",
  version: null,
  startedAt: minutes(-25),
  endedAt: null,
  outcome: null,
  sentence: "Version 2 of weather-max was retrained and is being promoted.",
  cause: drift,
  parent: null,
  policyDigest: "9f2c".repeat(16),
};

export const retraining = operation;

export const promotion: Operation = {
  ...operation,
  id: "promotion-weather-max-2",
  kind: "promotion",
  version: "2",
  startedAt: minutes(-18),
  sentence: "Promotion of version 2 of weather-max began: Model weather-max gets data that has drifted.",
  parent: operation.id,
};

export const operations: Operation[] = [
  promotion,
  retraining,
  {
    ...operation,
    id: "promotion-rain-tomorrow-8",
    kind: "promotion",
    model: "rain-tomorrow",
    version: "8",
    startedAt: minutes(-400),
    endedAt: minutes(-310),
    outcome: "rolled-back",
    sentence:
      "Version 8 of rain-tomorrow was rolled back: at 10 % of the traffic, 95 % of requests took up to 812 ms, the limit is 500 ms.",
  },
  {
    ...operation,
    id: "promotion-weather-max-1b",
    kind: "promotion",
    version: "1b",
    startedAt: minutes(-3_020),
    endedAt: minutes(-2_900),
    outcome: "rejected",
    sentence:
      "Version 1b of weather-max was not approved: rejected by ml-approver@example.com: Trained on a week with a broken sensor: retrain without 3 July.",
  },
  {
    ...operation,
    id: "promotion-weather-max-1",
    kind: "promotion",
    version: "1",
    startedAt: minutes(-43_200),
    endedAt: minutes(-43_140),
    outcome: "promoted",
    sentence: "Version 1 of weather-max serves all traffic of weather-max.",
  },
];

export const timeline: TimelineRow[] = [
  { at: minutes(-18), step: "Begin promotion", outcome: "done", detail: "", durationMs: 41, attempts: 1 },
  {
    at: minutes(-18),
    step: "Submit job promotion-weather-max-2-quality",
    outcome: "done",
    detail: "",
    durationMs: 320,
    attempts: 1,
  },
  {
    at: minutes(-17.9),
    step: "Look at job promotion-weather-max-2-quality",
    outcome: "done",
    detail: "",
    durationMs: 245_000,
    attempts: 9,
  },
  {
    at: minutes(-14),
    step: "Send 50 requests to test-2",
    outcome: "done",
    detail: "",
    durationMs: 1_890,
    attempts: 1,
  },
  {
    at: minutes(-13.5),
    step: "Remove deployment test-2 from weather-max-staging",
    outcome: "failed",
    detail: "ResourceManager answered 503: the endpoint is being updated.",
    durationMs: 610,
    attempts: 3,
  },
  {
    at: minutes(-12),
    step: "Ask ml-approver@example.com, project-lead@example.com",
    outcome: "done",
    detail: "",
    durationMs: 95,
    attempts: 1,
  },
  { at: minutes(-12), step: "Approval", outcome: "running", detail: "", durationMs: null, attempts: 1 },
  {
    at: minutes(-12),
    step: `Wait until ${minutes(24 * 60)}`,
    outcome: "waiting",
    detail: "",
    durationMs: null,
    attempts: 1,
  },
];

export const modelState: ModelState = ModelState.parse({
  model: "weather-max",
  champion: { version: "1", deployment: "version-1", since: minutes(-43_140) },
  operations: [{ id: retraining.id, kind: "retraining", since: retraining.startedAt }],
  lastRetrainedAt: minutes(-2_900),
});

export const quietState: ModelState = ModelState.parse({
  model: "rain-tomorrow",
  champion: { version: "7", deployment: "version-7", since: minutes(-90_000) },
});

const evaluated = (version: string, candidate: number, champion: number | null): LedgerRecord => ({
  kind: "step",
  summary: "Staging: quality passed, smoke passed.",
  actor: "outerloop",
  model: "weather-max",
  version,
  operation: `promotion-weather-max-${version}`,
  evidence: {
    data: "weather-observations:37",
    verdicts: [
      {
        check: "quality",
        verdict: "passed",
        reason: "",
        sampleSize: 30,
        figures: [
          { name: "rmse", unit: "°C", candidate, champion, limit: 6, interval: null, tolerance: null },
        ],
      },
    ],
  },
});

const decided = (
  at: number,
  id: string,
  reason: string,
  reaction: string,
  hold: object | null,
): LedgerRecord => ({
  kind: "decision",
  summary: reason,
  actor: "outerloop",
  model: "weather-max",
  signal: id,
  policyDigest: "9f2c".repeat(16),
  evidence: {
    decision: {
      signalId: id,
      reaction,
      rule: `${reaction === "retraining" ? "drift.data" : "model.registered"}/classical`,
      reason,
      heldBack: hold,
      policyDigest: "9f2c".repeat(16),
      decidedAt: minutes(at),
    },
  },
});

const RECORDS: [number, LedgerRecord][] = [
  [
    -43_205,
    decided(
      -43_205,
      "aml-1",
      "Model weather-max version 1 was registered, so its way to production starts.",
      "promotion",
      null,
    ),
  ],
  [-43_190, evaluated("1", 2.31, null)],
  [-3_010, evaluated("1b", 3.46, 3.52)],
  [
    -2_899,
    {
      kind: "approval",
      summary: "ml-approver@example.com chose to reject version 1b of weather-max.",
      actor: "ml-approver@example.com",
      model: "weather-max",
      version: "1b",
      operation: "promotion-weather-max-1b",
      evidence: {},
    },
  ],
  [
    -55,
    decided(
      -55,
      "azureml-monitor-77aa01",
      `Model weather-max gets data that has drifted, so it is retrained on new production data. Held back by cool-down until ${minutes(-20)}; lifted by the end of the cool-down.`,
      "retraining",
      { hold: "cool-down", until: minutes(-20), liftedBy: "the end of the cool-down" },
    ),
  ],
  [-25, decided(-25, drift.signal, drift.summary, "retraining", null)],
  [-14, evaluated("2", 2.1408732, 4.0788215)],
];

/** The ledger, oldest first. */
export const entries: LedgerEntry[] = [];
for (const [at, record] of RECORDS) {
  const previous = entries.at(-1)?.hash ?? GENESIS;
  entries.push(chain(record, entries.length + 1, previous, new Date(minutes(at))));
}

export const inbox: InboxEntry[] = [
  {
    id: "ab12".repeat(8),
    door: "model-events",
    receivedAt: minutes(-25),
    outcome: "signal",
    kind: "drift.data",
    signalIds: [drift.signal],
    rule: "machine-learning/run-completed",
    reason: null,
    field: null,
  },
  {
    id: "cd34".repeat(8),
    door: "model-events",
    receivedAt: minutes(-26),
    outcome: "ignored",
    kind: null,
    signalIds: [],
    rule: "machine-learning/run-completed",
    reason: "The run is none of a monitor, and no operation waits for it.",
    field: null,
  },
  {
    id: "ef56".repeat(8),
    door: "model-events",
    receivedAt: minutes(-300),
    outcome: "rejected",
    kind: null,
    signalIds: [],
    rule: "event-grid",
    reason: "found number, expected text",
    field: "data.modelVersion",
  },
];

export const policy = loadPolicy(readFileSync("policy.yaml", "utf8"), "policy.yaml").for("weather-max");
