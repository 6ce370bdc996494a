import * as z from "zod";
import { activity } from "../durable.ts";
import { Split } from "./types.ts";

/** Safe to repeat: it sets the whole split, so a second delivery changes nothing. */
export const setTraffic = activity(
  "setTraffic",
  z.object({ endpoint: z.string(), traffic: Split }),
  z.null(),
  ({ endpoint, traffic }) => `Set the traffic of ${endpoint} to ${inWords(traffic)}`,
  async ({ endpoint, traffic }, { endpoints }) => {
    await endpoints.setTraffic(endpoint, traffic);
    return null;
  },
);

/** Reading changes nothing. */
export const readStepTraffic = activity(
  "readStepTraffic",
  z.object({ endpoint: z.string(), deployment: z.string(), from: z.iso.datetime() }),
  z.object({ requests: z.number(), errorRate: z.number(), p95Ms: z.number().nullable() }),
  ({ deployment }) => `Measure what ${deployment} served`,
  ({ endpoint, deployment, from }, { endpointMetrics, now }) =>
    endpointMetrics.ofDeployment(endpoint, deployment, new Date(from), now()),
);

export function inWords(traffic: Readonly<Record<string, number>>): string {
  const serving = Object.entries(traffic).filter(([, percent]) => percent > 0);
  if (serving.length === 0) return "nothing";
  return serving.map(([deployment, percent]) => `${percent} % ${deployment}`).join(", ");
}
