import type { ZodType } from "zod";
import type { ServiceAnswer, ServiceRequest } from "../../azure/service.ts";
import { AnnotateBody, AnswerBody, ClaimBody, type Item, ProjectBody, ProjectName } from "./project.ts";
import { LabellingError, type LabellingQueue } from "./queue.ts";
import { ITEM_STATES } from "./store.ts";

const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 1_000;

/** `/labelling/api/…`: what programs call. Contract: ../README.md. @throws {LabellingError} for what cannot be done */
export function answerApi(
  queue: LabellingQueue,
  request: ServiceRequest,
  segments: readonly string[],
): ServiceAnswer {
  const [area, name, part, id, action] = segments;
  const { method } = request;
  if (area !== "projects" || segments.length > 5) throw notFound(request);
  if (name === undefined) {
    only(method, "GET");
    return { status: 200, body: { value: queue.projects().map((one) => told(queue, one.name, request)) } };
  }
  if (part === undefined) {
    if (method === "GET") return { status: 200, body: told(queue, name, request) };
    only(method, "PUT");
    const isNew = queue.put(read(ProjectName, name), read(ProjectBody, json(request)));
    return { status: isNew ? 201 : 200, body: told(queue, name, request) };
  }
  if (part === "items" && id === undefined) return items(queue, name, request);
  if (part === "items" && action === "answer") {
    only(method, "POST");
    const answered = queue.answer(name, id ?? "", read(AnswerBody, json(request)));
    return { status: 200, body: shown(queue, name, answered) };
  }
  if (id !== undefined) throw notFound(request);
  if (part === "claim") {
    only(method, "POST");
    const claimed = queue.claim(name, read(ClaimBody, json(request)));
    return { status: 200, body: { value: claimed.map((item) => shown(queue, name, item)) } };
  }
  if (part === "annotate") {
    only(method, "POST");
    const { count } = read(AnnotateBody, request.body.length === 0 ? {} : json(request));
    const answered = queue.annotate(name, count);
    return { status: 200, body: { answered, project: told(queue, name, request) } };
  }
  if (part === "export") {
    only(method, "GET");
    return { status: 200, headers: { "content-type": "application/x-ndjson" }, body: queue.export(name) };
  }
  throw notFound(request);
}

/** A project as it stands. */
function told(queue: LabellingQueue, name: string, { origin }: ServiceRequest): object {
  const at = `${origin}/labelling`;
  return {
    ...queue.project(name),
    ...queue.progress(name),
    page: `${at}/${encodeURIComponent(name)}`,
    export: `${at}/api/projects/${encodeURIComponent(name)}/export`,
  };
}

function items(
  queue: LabellingQueue,
  name: string,
  { method, query, origin, path }: ServiceRequest,
): ServiceAnswer {
  only(method, "GET");
  const asked = query.get("state") ?? "all";
  const state = asked === "all" ? asked : ITEM_STATES.find((one) => one === asked);
  if (!state)
    throw new LabellingError(
      400,
      "BadRequest",
      `state is '${asked}', expected ${ITEM_STATES.join(", ")} or all.`,
    );
  const number = (name: string, fallback: number, most: number) => {
    const value = Number(query.get(name) ?? fallback);
    if (Number.isInteger(value) && value >= 0 && value <= most) return value;
    throw new LabellingError(400, "BadRequest", `${name} is '${query.get(name)}', expected 0 to ${most}.`);
  };
  const most = number("top", DEFAULT_PAGE, LARGEST_PAGE);
  const found = queue.items(name, { state, after: number("after", 0, Number.MAX_SAFE_INTEGER), most });
  const last = found.length === most ? found.at(-1) : undefined;
  const nextLink = `${origin}${path}?state=${state}&top=${most}&after=${last?.position}`;
  return {
    status: 200,
    body: { value: found.map((item) => shown(queue, name, item)), ...(last && { nextLink }) },
  };
}

function shown(queue: LabellingQueue, name: string, { content, claimedUntil, ...item }: Item): object {
  const until = claimedUntil > 0 ? new Date(claimedUntil).toISOString() : null;
  return { ...item, claimedUntil: until, [queue.project(name).column]: content };
}

function json({ body }: ServiceRequest): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    throw new LabellingError(400, "BadRequest", "The body is no JSON, expected an object.");
  }
}

function read<T>(schema: ZodType<T>, value: unknown): T {
  const found = schema.safeParse(value);
  if (found.success) return found.data;
  const problems = found.error.issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.join(".") || "body"}: ${message}`);
  throw new LabellingError(400, "BadRequest", `${problems.join("; ")}.`);
}

function only(method: string, expected: string): void {
  if (method === expected) return;
  throw new LabellingError(400, "BadRequest", `Method ${method} is not for this address, use ${expected}.`);
}

const notFound = ({ path }: ServiceRequest) =>
  new LabellingError(404, "NotFound", `The labelling queue has nothing at ${path}.`);
