import type { Services } from "../services.ts";
import type { EndpointRequest, ExportBatch, LatencyMetric } from "../signals/parse-export.ts";
import type { Refused } from "./meeting.ts";
import { servedBy } from "./serving.ts";
import { count, type Item, latencyKey, windowStart } from "./windows.ts";

/** One event of the hub, parsed. */
export type TrafficEvent = { readonly sequence: number; readonly batch: ExportBatch };

export type Counting = Pick<Services, "traffic" | "policies" | "models" | "now">;

/** A clock may be wrong by so much. A record from further ahead would close every window before its time. */
const MOST_AHEAD_MS = 10 * 60_000;

/**
 * Counts the events of one partition into windows, each once however often they come. Endpoints that serve no model
 * of the policy have no limits and are not counted.
 *
 * @returns the endpoints that were counted, in lower case, and the truths that do not fit their predictions
 */
export async function countTraffic(
  partition: string,
  events: readonly TrafficEvent[],
  adapters: Counting,
): Promise<{ endpoints: string[]; refused: Refused[] }> {
  const { policies, models } = adapters;
  const names = new Set(events.flatMap(({ batch }) => endpointsOf(batch)));
  if (names.size === 0) return { endpoints: [], refused: [] };
  const states = await models.all();
  const endpoints = [...names].filter((name) => servedBy(name, "", policies, states) !== null);
  const refused: Refused[] = [];
  for (const endpoint of endpoints) {
    refused.push(...(await countEndpoint(endpoint, partition, events, adapters)));
  }
  return { endpoints, refused };
}

async function countEndpoint(
  endpoint: string,
  partition: string,
  events: readonly TrafficEvent[],
  { traffic, now }: Counting,
): Promise<Refused[]> {
  const { lastSequence } = await traffic.tally(endpoint, partition);
  const alarms = await traffic.alarms(endpoint);
  const judged = new Map(alarms.map(({ deployment, judgedThrough }) => [deployment, judgedThrough]));
  const fresh = events.filter(({ sequence }) => sequence > lastSequence);
  const { met, refused } = await traffic.meet(endpoint, comersOf(endpoint, partition, fresh), now());
  const pairs = met.map(({ deployment, at, sums, by }) => ({
    sequence: Number(by.slice(partition.length + 1)),
    item: { at, deployment, add: { truths: sums } },
  }));
  const latest = now().getTime() + MOST_AHEAD_MS;
  const all = [...fresh.flatMap((event) => itemsOf(endpoint, event)), ...pairs];
  const [counted = [], ahead = []] = [true, false].map((isInTime) =>
    all.filter(({ item }) => item.at <= latest === isInTime),
  );
  await traffic.updateTally(endpoint, partition, (tally) => {
    const items = counted
      .filter(({ sequence }) => sequence > tally.lastSequence)
      .map(({ item }) => item)
      .filter(({ at, deployment }) => windowStart(at) > (judged.get(deployment) ?? -1));
    return {
      lastSequence: Math.max(tally.lastSequence, ...events.map(({ sequence }) => sequence)),
      newestAt: Math.max(tally.newestAt, ...items.map(({ at }) => at)),
      windows: count(
        tally.windows.filter(({ deployment, start }) => start > (judged.get(deployment) ?? -1)),
        items,
      ),
    };
  });
  return [
    ...refused,
    ...ahead.map(({ sequence, item }) => tooEarly(`${partition}:${sequence}`, item.at, latest)),
  ];
}

const tooEarly = (by: string, at: number, latest: number): Refused => {
  const [found, expected] = [at, latest].map((ms) => new Date(ms).toISOString());
  return { by, field: "time", reason: `time: expected ${expected} at the latest, found ${found}` };
};

type Sequenced = { sequence: number; item: Item };

function itemsOf(endpoint: string, { sequence, batch }: TrafficEvent): Sequenced[] {
  const requests = batch.requests.filter((one) => isOf(endpoint, one)).map(requestItem);
  const latencies = batch.latencies.filter((one) => isOf(endpoint, one)).map(latencyItem);
  return [...requests, ...latencies].map((item) => ({ sequence, item }));
}

/** 429 is throttling, and so is a delay in transfer; every other 4xx and 5xx is a failure, as a rollout counts it. */
function requestItem({ at, deployment, responseCode, totalMs, throttlingMs }: EndpointRequest): Item {
  const isThrottled = responseCode === 429 || throttlingMs > 0;
  const isFailed = responseCode !== null && responseCode >= 400 && responseCode !== 429;
  return {
    at: Date.parse(at),
    deployment: deployment.toLowerCase(),
    add: {
      requests: 1,
      failed: isFailed ? 1 : 0,
      throttled: isThrottled ? 1 : 0,
      latencies: totalMs === null || responseCode === 429 ? {} : { [latencyKey(totalMs)]: 1 },
    },
  };
}

const latencyItem = ({ at, deployment, p95Ms }: LatencyMetric): Item => ({
  at: Date.parse(at),
  deployment: deployment.toLowerCase(),
  add: { metricP95Ms: p95Ms },
});

function comersOf(endpoint: string, partition: string, events: readonly TrafficEvent[]) {
  return events.flatMap(({ sequence, batch }) =>
    batch.inferences
      .filter((one) => isOf(endpoint, one))
      .map(({ correlationId, side, deployment, at, values }) => ({
        id: correlationId,
        side,
        deployment: deployment.toLowerCase(),
        values,
        by: `${partition}:${sequence}`,
        at: Date.parse(at),
      })),
  );
}

const isOf = (endpoint: string, one: { endpoint: string }): boolean =>
  one.endpoint.toLowerCase() === endpoint;

function endpointsOf({ requests, latencies, inferences }: ExportBatch): string[] {
  return [...requests, ...latencies, ...inferences].map(({ endpoint }) => endpoint.toLowerCase());
}
