import * as z from "zod";
import { activity } from "../durable.ts";

/** Reading changes nothing. */
export const resolveData = activity(
  "resolveData",
  z.object({ dataAsset: z.string() }),
  z.object({ reference: z.string(), version: z.string() }),
  ({ dataAsset }) => `Find the newest version of data asset ${dataAsset}`,
  ({ dataAsset }, { machineLearning }) => machineLearning.latestDataVersion(dataAsset),
);

/** Safe to repeat: scoring a test deployment changes nothing. */
export const sendSmokeRequests = activity(
  "sendSmokeRequests",
  z.object({
    endpoint: z.string(),
    deployment: z.string(),
    requests: z.int(),
    request: z.json(),
  }),
  z.array(z.object({ status: z.number(), durationMs: z.number() })),
  ({ requests, deployment }) => `Send ${requests} requests to ${deployment}`,
  async ({ endpoint, deployment, requests, request }, { endpoints, score }) => {
    const found = await endpoints.get(endpoint);
    if (!found) return [];
    const target = { scoringUri: found.scoringUri, key: await endpoints.key(endpoint) };
    const answers = [];
    // One after another: latency under load is another check's question.
    for (let sent = 0; sent < requests; sent += 1) answers.push(await score(target, deployment, request));
    return answers;
  },
);
