import * as z from "zod";
import type { Standstill } from "../service.ts";

/** What may go wrong on demand, and how it is asked for. See docs/faults.md. */

const LONGEST_DELAY_MS = 600_000;
const LONGEST_RETRY_AFTER_S = 3_600;
const MOST_TIMES = 1_000_000;
const MOST_PATTERN_CHARACTERS = 300;

/** One rule, once it is armed. It strikes from the `nth` fitting call on, `times` times. */
interface Turn {
  readonly nth: number;
  readonly times: number;
}

export type CallService = "azure" | "tables" | "blobs";

/** `drop` closes the connection unanswered; `drop-answer` does so after the request has been carried out. */
export type CallEffect =
  | { readonly status: 429 | 500 | 503; readonly retryAfterSeconds?: number | undefined }
  | { readonly delayMs: number }
  | "hang"
  | "drop"
  | "drop-answer"
  | "invalidJson";

export type EventEffect = "twice" | { readonly lateMs: number } | "out-of-order";

export type Rule =
  | (Turn & {
      readonly kind: "call";
      readonly service: CallService;
      readonly operation: string;
      readonly effect: CallEffect;
    })
  | (Turn & { readonly kind: "event"; readonly events: string; readonly effect: EventEffect })
  | (Turn & { readonly kind: "deployment" | "job"; readonly name: string; readonly message: string })
  | (Turn & { readonly kind: "standstill"; readonly name: string; readonly effect: Standstill });

const Pattern = z
  .string()
  .min(1)
  .max(MOST_PATTERN_CHARACTERS)
  .refine((text) => (text.match(/\*+/g)?.length ?? 0) <= 8, "expected at most 8 stars");
const TurnFields = {
  nth: z.int().min(1).max(MOST_TIMES).default(1),
  times: z.int().min(1).max(MOST_TIMES).default(1),
};

const Delay = z.strictObject({ delayMs: z.int().min(1).max(LONGEST_DELAY_MS) });
const RetryAfter = z.int().min(0).max(LONGEST_RETRY_AFTER_S).optional();
const statusFor = (service: unknown) =>
  z.strictObject({
    status:
      service === undefined || service === "azure"
        ? z.literal([429, 500, 503], "expected 429, 500 or 503")
        : z.literal([500, 503], "expected 500 or 503: storage throttles with 503 ServerBusy, never with 429"),
    retryAfterSeconds: RetryAfter,
  });
const CALL_WORDS = "expected 'hang', 'drop', 'drop-answer', 'invalidJson', an object with status or delayMs";
const EVENT_WORDS = "expected 'twice', 'out-of-order' or an object with lateMs";

/** The schema that fits what was sent, so that an error names the field that is wrong and not a union of all. */
function callSchema({ service, effect }: Record<string, unknown>) {
  const word = z.enum(["hang", "drop", "drop-answer", "invalidJson"], CALL_WORDS);
  const isObject = typeof effect === "object" && effect !== null;
  const object = isObject && "delayMs" in effect ? Delay : statusFor(service);
  return z
    .strictObject({
      service: z.enum(["azure", "tables", "blobs"], "expected 'azure', 'tables' or 'blobs'").default("azure"),
      operation: Pattern.regex(
        /^(\*|[A-Za-z]+) (\*|\/)\S*$/,
        "expected a method and a path such as 'PUT */onlineEndpoints/*', '*' for any",
      ).default("* *"),
      effect: isObject ? object : word,
      ...TurnFields,
    })
    .refine((rule) => !(rule.service === "blobs" && rule.effect === "invalidJson"), {
      path: ["effect"],
      message: "'invalidJson' is not for blobs, which answer with bytes and XML",
    })
    .transform((rule): Rule => ({ kind: "call", ...rule }));
}

function eventSchema({ effect }: Record<string, unknown>) {
  const late = z.strictObject({ lateMs: z.int().min(1).max(LONGEST_DELAY_MS) });
  const isObject = typeof effect === "object" && effect !== null;
  return z
    .strictObject({
      events: Pattern,
      effect: isObject ? late : z.enum(["twice", "out-of-order"], EVENT_WORDS),
      ...TurnFields,
    })
    .transform((rule): Rule => ({ kind: "event", ...rule }));
}

const Message = z.string().min(1).max(1_000);
const Deployment = z
  .strictObject({ deployment: Pattern, message: Message, ...TurnFields })
  .transform(({ deployment, ...rule }): Rule => ({ kind: "deployment", name: deployment, ...rule }));
const Job = z
  .strictObject({ job: Pattern, message: Message, ...TurnFields })
  .transform(({ job, ...rule }): Rule => ({ kind: "job", name: job, ...rule }));

const StandstillJob = z
  .strictObject({
    job: Pattern,
    effect: z.strictObject(
      {
        status: z.enum(
          ["NotResponding", "Paused", "Unknown"],
          "expected 'NotResponding', 'Paused' or 'Unknown'",
        ),
        forMs: z.int().min(1).max(LONGEST_DELAY_MS),
      },
      "expected an object with status and forMs",
    ),
    ...TurnFields,
  })
  .transform(({ job, ...rule }): Rule => ({ kind: "standstill", name: job, ...rule }));

const KINDS = ["operation", "service", "events", "deployment", "job"] as const;

/** A rule as somebody asks for it, or a sentence on each field that is wrong. */
export function readRule(body: unknown): { rule: Rule } | { refused: string } {
  const fields = z.record(z.string(), z.unknown()).safeParse(body);
  if (!fields.success) return { refused: "body: expected a JSON object" };
  const named = KINDS.filter((kind) => kind in fields.data);
  if (named.length === 0) {
    return { refused: "body: expected one of operation, service, events, deployment, job" };
  }
  const read = schemaOf(named, fields.data).safeParse(fields.data);
  if (read.success) return { rule: read.data };
  const problems = read.error.issues.map(({ path, message }) => `${path.join(".") || "body"}: ${message}`);
  return { refused: problems.join("; ") };
}

function schemaOf(named: readonly string[], fields: Record<string, unknown>): z.ZodType<Rule> {
  if (named.includes("events")) return eventSchema(fields);
  if (named.includes("deployment")) return Deployment;
  if (named.includes("job")) return "effect" in fields ? StandstillJob : Job;
  return callSchema(fields);
}

/**
 * Whether a text fits a pattern, in any case. A `*` stands for anything within one segment of a path, `**` for
 * anything, and a leading `*` for whatever comes before.
 */
export function fits(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/^\*+/, "**")
    .split(/(\*+)/)
    .map((part) => (part === "*" ? "[^/]*" : part.startsWith("*") ? ".*" : escapeForRegExp(part)))
    .join("");
  return new RegExp(`^${source}$`, "is").test(text);
}

const escapeForRegExp = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
