import * as z from "zod";
import type { Clock } from "../../clock.ts";
import { type Authenticate, methodNotAllowed, readArmBody, refusedByGateway } from "../front/arm-request.ts";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import { findResource, type MeteredResource } from "./catalogue.ts";
import type { SeriesOf } from "./metric-source.ts";
import { toMetrics } from "./metrics-answer.ts";
import { badRequest, MetricsQueryError, readParameter, readQuery } from "./query.ts";

const PATH = /^\/subscriptions\/([^/]+)\/metrics:getbatch$/i;
/** @see the official description of the batch API: at most 50 resources in one request */
const Body = z.object({ resourceids: z.array(z.string().min(1)).min(1).max(50) });
const HOUR_MS = 3_600_000;

/** The data plane of a region, `POST /subscriptions/{id}/metrics:getBatch`: the metrics of many resources at once. */
export function createMetricsBatchApi(options: {
  readonly seriesOf: SeriesOf;
  readonly clock: Clock;
  readonly location: string;
  readonly authenticate: Authenticate;
}) {
  const { clock, location, authenticate } = options;

  return async function handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    const subscription = PATH.exec(request.path)?.[1];
    if (subscription === undefined) return undefined;
    const refused = refusedByGateway(request, authenticate);
    if (refused) return refused;
    if (request.method !== "POST") return methodNotAllowed(request.method);
    const read = readArmBody(Body, request.body);
    if ("refused" in read) return badRequest(read.refused);
    try {
      const resources = read.value.resourceids.map((id) => resourceOf(id, subscription));
      return { status: 200, body: { values: resources.map((resource) => resultOf(request, resource)) } };
    } catch (error) {
      if (error instanceof MetricsQueryError) return badRequest(error.message);
      throw error;
    }
  };

  function resultOf({ query: asked }: ServiceRequest, resource: MeteredResource): object {
    for (const name of ["metricnamespace", "metricnames"]) {
      if (!readParameter(asked, name)) throw new MetricsQueryError(`The parameter '${name}' is required.`);
    }
    const query = readQuery(asOneByOne(asked, clock.now()), resource, clock.now());
    return {
      starttime: new Date(query.span.start).toISOString(),
      endtime: new Date(query.span.end).toISOString(),
      interval: query.interval,
      namespace: readParameter(asked, "metricnamespace"),
      resourceregion: location,
      resourceid: resource.id,
      value: toMetrics(options, resource, query),
    };
  }
}

function resourceOf(id: string, subscription: string): MeteredResource {
  const segments = id.split("/").filter((segment) => segment !== "");
  if (segments[1]?.toLowerCase() !== subscription.toLowerCase()) {
    throw new MetricsQueryError(
      `resourceids has '${id}', expected resources of subscription '${subscription}'.`,
    );
  }
  const found = findResource(segments);
  if (!found) throw new MetricsQueryError(`No metrics are simulated for the resource '${id}'.`);
  return found;
}

/** The same question as one resource is asked it: by a timespan, and with a dollar before the filter. */
function asOneByOne(asked: URLSearchParams, now: number): URLSearchParams {
  const [start, end, filter] = ["starttime", "endtime", "filter"].map((name) => readParameter(asked, name));
  if (end && !start) throw new MetricsQueryError("The parameter 'starttime' is required with 'endtime'.");
  const one = new URLSearchParams(asked);
  const ended = end ?? new Date(now).toISOString();
  one.set("timespan", `${start ?? new Date(now - HOUR_MS).toISOString()}/${ended}`);
  if (filter) one.set("$filter", filter);
  return one;
}
