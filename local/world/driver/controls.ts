import * as z from "zod";
import type { Service, ServiceAnswer, ServiceRequest } from "../../azure/service.ts";

/** The longest a day may take: real time. */
const LONGEST_DAY_SECONDS = 86_400;
const MOST_DAYS_AT_ONCE = 1_000;

const Controls = z.strictObject({
  secondsPerDay: z.number().positive().max(LONGEST_DAY_SECONDS).optional(),
  paused: z.boolean().optional(),
  advanceDays: z.int().min(1).max(MOST_DAYS_AT_ONCE).optional(),
});
export type Controls = z.infer<typeof Controls>;

const PATH = "/_world";

/** `/_world`: GET tells how the world stands, POST changes how it moves, in JSON, and answers the same. */
export function controlService(tell: () => object, change: (controls: Controls) => void): Service {
  async function handle({ path, method, body }: ServiceRequest): Promise<ServiceAnswer | undefined> {
    if (path !== PATH) return undefined;
    if (method === "GET") return { status: 200, body: tell() };
    if (method !== "POST") return refusal(405, `Method ${method} is not allowed, use GET or POST.`);
    const read = Controls.safeParse(parsed(body));
    if (!read.success) {
      const problems = read.error.issues.map(
        (issue) => `${issue.path.join(".") || "body"}: ${issue.message}`,
      );
      return refusal(
        400,
        `${problems.join("; ")}. Expected an object with secondsPerDay, paused or advanceDays.`,
      );
    }
    change(read.data);
    return { status: 200, body: tell() };
  }
  return { name: "world", handle };
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    return undefined;
  }
}

function refusal(status: number, message: string): ServiceAnswer {
  return { status, body: { error: { code: status === 405 ? "MethodNotAllowed" : "BadRequest", message } } };
}
