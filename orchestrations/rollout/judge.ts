import type { DeploymentTraffic } from "../../shared/azure/endpoint-metrics.ts";

export interface StepLimits {
  readonly p95Ms: number;
  /** 0 to 1 */
  readonly errorRate: number;
  readonly minimumRequests: number;
}

/** How a traffic step went: `unclear` when too few requests came to tell. */
export interface StepVerdict {
  readonly word: "healthy" | "breach" | "unclear";
  readonly reason: string;
}

/** Judges a step by what the deployment served while it baked. */
export function judgeStep(traffic: DeploymentTraffic, limits: StepLimits): StepVerdict {
  const { requests, errorRate, p95Ms } = traffic;
  if (requests < limits.minimumRequests) {
    return {
      word: "unclear",
      reason: `${requests} requests came, at least ${limits.minimumRequests} are needed`,
    };
  }
  if (errorRate > limits.errorRate) {
    return {
      word: "breach",
      reason: `${percent(errorRate)} of ${requests} requests failed, the limit is ${percent(limits.errorRate)}`,
    };
  }
  if (p95Ms !== null && p95Ms > limits.p95Ms) {
    return {
      word: "breach",
      reason: `p95 latency was ${p95Ms.toFixed(0)} ms, the limit is ${limits.p95Ms} ms`,
    };
  }
  const latency = p95Ms === null ? "" : `, p95 latency ${p95Ms.toFixed(0)} ms`;
  return { word: "healthy", reason: `${requests} requests, ${percent(errorRate)} failed${latency}` };
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
