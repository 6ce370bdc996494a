import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Service, ServiceAnswer, ServiceRequest } from "../../azure/service.ts";
import type { Clock } from "../../clock.ts";
import { answerApi } from "./api.ts";
import { addressOf, listPage, problemPage, projectPage } from "./pages.ts";
import { LabellingError, LabellingQueue, type TruthOf } from "./queue.ts";
import { LabellingStore } from "./store.ts";
import { STYLE } from "./style.ts";

export interface LabellingOptions {
  /** Folder of its SQLite file. */
  readonly data: string;
  readonly clock: Clock;
  /** What the demonstration answers when it plays the annotator. */
  readonly truthOf: TruthOf;
}

/** Signs what a person answers on the pages: who they are is not asked. */
const PERSON = "person";

/** The labelling queue: `/labelling/api` for programs, `/labelling` for people. What is answered survives kill -9. */
export function createLabelling({ data, clock, truthOf }: LabellingOptions): {
  readonly service: Service;
  readonly queue: LabellingQueue;
} {
  mkdirSync(data, { recursive: true });
  const queue = new LabellingQueue(new LabellingStore(join(data, "labelling.sqlite")), clock, truthOf);

  async function handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    const [area, ...segments] = request.segments;
    if (area !== "labelling") return undefined;
    const isApi = segments[0] === "api";
    try {
      if (isCrossSite(request))
        throw new LabellingError(400, "CrossSite", "The request comes from a page of another site.");
      return isApi ? answerApi(queue, request, segments.slice(1)) : answerPage(queue, request, segments);
    } catch (error) {
      if (!(error instanceof LabellingError)) throw error;
      const { status, code, message } = error;
      return isApi ? { status, body: { error: { code, message } } } : problemPage(status, message);
    }
  }

  return {
    queue,
    service: {
      name: "labelling",
      handle,
      stats: () => ({ samplesLabelled: queue.answered() }),
      stop: async () => queue.close(),
    },
  };
}

/** A page elsewhere must not answer in a reader's name; programs send neither header. */
function isCrossSite({ method, headers, origin }: ServiceRequest): boolean {
  if (method === "GET" || method === "HEAD") return false;
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site !== "same-origin" && site !== "none";
  return headers.origin !== undefined && headers.origin !== origin;
}

function answerPage(
  queue: LabellingQueue,
  { method, query, body, path }: ServiceRequest,
  segments: readonly string[],
): ServiceAnswer {
  const [name, action, ...rest] = segments;
  const isReading = method === "GET" || method === "HEAD";
  if (name === undefined && isReading) return listPage(queue);
  if (name === "style.css" && isReading)
    return { status: 200, headers: { "content-type": "text/css; charset=utf-8" }, body: STYLE };
  if (name === undefined || rest.length > 0 || (action !== undefined && action !== "annotate"))
    throw new LabellingError(404, "NotFound", `There is nothing at ${path}.`);
  if (isReading && action === undefined)
    return projectPage(queue, queue.project(name), Number(query.get("after")) || 0);
  if (method !== "POST")
    throw new LabellingError(400, "BadRequest", `Method ${method} is not for this address, use POST.`);
  if (action === "annotate") queue.annotate(name);
  else {
    const form = new URLSearchParams(Buffer.from(body).toString("utf8"));
    queue.answer(name, form.get("item") ?? "", { label: form.get("label") ?? "", annotator: PERSON });
  }
  return { status: 303, headers: { location: addressOf(name) }, body: "" };
}
