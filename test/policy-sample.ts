import { ModelPolicy } from "../shared/policy/schema.ts";

const job = { experiment: "train", command: "node train.ts", environmentId: "azureml:env:1", inputs: {} };

/** A policy with round figures, for tests that need one and do not care for its values. */
export const samplePolicy: ModelPolicy = ModelPolicy.parse({
  scenario: "classical",
  drift: { consecutiveBreaches: 1 },
  retraining: {
    enabled: true,
    dataAsset: "observations",
    job,
    modelOutput: "model",
    coolDown: "P1D",
    quota: { retrains: 3, window: "P7D" },
    loopGuard: 3,
  },
  staging: {
    endpoint: "staging",
    evaluation: { ...job, experiment: "evaluate" },
    checks: {
      quality: { metric: "rmse", maximum: 5, tolerance: 0.1, unit: "°C", minimumSample: 20 },
      smoke: { requests: 10, request: { input_data: [] }, p95Ms: 200, errorRate: 0 },
    },
  },
  approval: {
    gate: "approval",
    approvers: [{ email: "tester@example.com", persona: "model-tester" }],
    quorum: 1,
    remindAfter: "P1D",
    expireAfter: "P7D",
  },
  rollout: {
    endpoint: "production",
    instanceType: "Standard_DS3_v2",
    instanceCount: 1,
    steps: [10, 50, 100],
    bake: "PT10M",
    limits: { p95Ms: 200, errorRate: 0.01, minimumRequests: 20 },
    keepPrevious: "P1D",
  },
  freezes: [],
});
