import type { Service, ServiceAnswer, ServiceRequest } from "../service.ts";
import type { Faults } from "./faults.ts";
import { readRule } from "./rule.ts";
import type { Fault } from "./store.ts";

const PATH = "_faults";

/** `/_faults`: POST arms one, GET lists them, DELETE disarms all, `DELETE /_faults/{id}` one. */
export function faultsService(faults: Faults): Service {
  async function handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    const [area, id, ...rest] = request.segments;
    if (area !== PATH || rest.length > 0) return undefined;
    const { method } = request;
    if (id !== undefined) return method === "DELETE" ? disarm(id) : notAllowed(method, "DELETE");
    if (method === "GET") return { status: 200, body: { value: faults.list().map(shown) } };
    if (method === "DELETE") return { status: 200, body: { disarmed: faults.disarmAll() } };
    if (method !== "POST") return notAllowed(method, "GET, POST or DELETE");
    return arm(request);
  }

  function arm({ headers, body }: ServiceRequest): ServiceAnswer {
    // A page in a browser can send text to this port unasked, but not JSON.
    if (!/^application\/json\b/i.test(headers["content-type"] ?? "")) {
      return refusal(415, "UnsupportedMediaType", "content-type: expected application/json");
    }
    const read = readRule(parsed(body));
    if ("refused" in read) return refusal(400, "InvalidFault", `${read.refused}. See docs/faults.md.`);
    return { status: 201, body: shown(faults.arm(read.rule)) };
  }

  function disarm(id: string): ServiceAnswer {
    if (/^\d{1,15}$/.test(id) && faults.disarm(Number(id))) return { status: 204 };
    return refusal(404, "FaultNotFound", `There is no fault '${id}': GET /${PATH} lists them.`);
  }

  return { name: "faults", handle, stats: () => ({ faultsStruck: faults.struck() }) };
}

function shown({ id, rule, seen, struck }: Fault) {
  return { id, ...rule, seen, struck, state: struck < rule.times ? "armed" : "spent" };
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    return undefined;
  }
}

function notAllowed(method: string, expected: string): ServiceAnswer {
  return refusal(405, "MethodNotAllowed", `Method ${method} is not allowed, use ${expected}.`);
}

function refusal(status: number, code: string, message: string): ServiceAnswer {
  return { status, body: { error: { code, message } } };
}
