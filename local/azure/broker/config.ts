/** What the broker serves, in the shape of the official emulator's configuration. */
import * as z from "zod";
import { BrokerError } from "./errors.ts";

/** The broker was given entities it cannot serve. */
export class BrokerConfigError extends BrokerError {
  override name = "BrokerConfigError";
}

const UNITS_MS = { days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1000 } as const;
const DURATION =
  /^P(?:(?<days>\d+)D)?(?:T(?:(?<hours>\d+)H)?(?:(?<minutes>\d+)M)?(?:(?<seconds>\d+(?:\.\d+)?)S)?)?$/;

/** ISO 8601, days to seconds (`P7D`, `PT1M30S`), read as milliseconds. */
const Duration = z.string().transform((text, context) => {
  const parts = DURATION.exec(text)?.groups;
  if (!parts || Object.values(parts).every((part) => part === undefined)) {
    context.addIssue({
      code: "custom",
      message: `'${text}' is no ISO 8601 duration, expected one like PT1M or P7D`,
    });
    return z.NEVER;
  }
  let ms = 0;
  for (const [unit, unitMs] of Object.entries(UNITS_MS)) ms += Number(parts[unit] ?? 0) * unitMs;
  return Math.round(ms);
});

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?$/;
/** `$Default` is the one with a dollar sign. */
const RULE_NAME = /^\$?[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const Name = z.string().regex(NAME, "expected letters, digits and . _ - / inside").max(260);

/** The emulator's configuration has it, mostly empty; this broker forwards nothing. */
const Unused = z
  .string()
  .refine((text) => text === "", "forwarding is not supported, expected an empty text or nothing")
  .optional();

const QueueProperties = z.strictObject({
  RequiresSession: z.boolean().default(false),
  RequiresDuplicateDetection: z.boolean().default(false),
  DuplicateDetectionHistoryTimeWindow: Duration.prefault("PT10M"),
  LockDuration: Duration.prefault("PT1M"),
  MaxDeliveryCount: z.int().min(1).default(10),
  DefaultMessageTimeToLive: Duration.optional(),
  DeadLetteringOnMessageExpiration: z.boolean().default(false),
  ForwardTo: Unused,
  ForwardDeadLetteredMessagesTo: Unused,
});

const SubscriptionProperties = QueueProperties.omit({
  RequiresDuplicateDetection: true,
  DuplicateDetectionHistoryTimeWindow: true,
});

const TopicProperties = QueueProperties.pick({
  RequiresDuplicateDetection: true,
  DuplicateDetectionHistoryTimeWindow: true,
  DefaultMessageTimeToLive: true,
});

const Scalar = z.union([z.string(), z.number(), z.boolean()]);

/** Absent values match everything; a message must equal all that are given. */
const CorrelationFilter = z.strictObject({
  ContentType: z.string().optional(),
  CorrelationId: z.string().optional(),
  Label: z.string().optional(),
  MessageId: z.string().optional(),
  ReplyTo: z.string().optional(),
  ReplyToSessionId: z.string().optional(),
  SessionId: z.string().optional(),
  To: z.string().optional(),
  Properties: z.record(z.string(), Scalar).default({}),
});
export type CorrelationFilter = z.infer<typeof CorrelationFilter>;

/** An action would change messages on their way: this broker changes none. */
export const Rule = z.strictObject({
  name: z.string().regex(RULE_NAME, "expected letters, digits and . _ - inside").max(50),
  properties: z.discriminatedUnion("FilterType", [
    z.strictObject({ FilterType: z.literal("True") }),
    z.strictObject({ FilterType: z.literal("Correlation"), CorrelationFilter }),
    z.strictObject({
      FilterType: z.literal("Sql"),
      SqlFilter: z.strictObject({ SqlExpression: z.string() }),
    }),
  ]),
});
export type RuleConfig = z.infer<typeof Rule>;

const BrokerConfigSchema = z.strictObject({
  queues: z.array(z.strictObject({ name: Name, properties: QueueProperties.prefault({}) })).default([]),
  topics: z
    .array(
      z.strictObject({
        name: Name,
        properties: TopicProperties.prefault({}),
        subscriptions: z
          .array(
            z.strictObject({
              name: Name,
              properties: SubscriptionProperties.prefault({}),
              /** None at all stands for one that lets everything through. */
              rules: z.array(Rule).default([]),
            }),
          )
          .default([]),
      }),
    )
    .default([]),
  eventHubs: z
    .array(
      z.strictObject({
        name: Name,
        partitionCount: z.int().min(1).max(32).default(4),
        /** `$Default` always exists. */
        consumerGroups: z.array(z.string().min(1)).default([]),
      }),
    )
    .default([]),
});

/** As written: durations are text, everything but names may be left out. */
export type BrokerConfig = z.input<typeof BrokerConfigSchema>;
export type ParsedConfig = z.output<typeof BrokerConfigSchema>;
export type QueueConfig = ParsedConfig["queues"][number];
export type TopicConfig = ParsedConfig["topics"][number];
export type HubConfig = ParsedConfig["eventHubs"][number];

/** @throws {BrokerConfigError} naming each field that is wrong, and entities that share a name */
export function parseConfig(config: unknown): ParsedConfig {
  const parsed = BrokerConfigSchema.safeParse(config);
  if (!parsed.success) {
    throw new BrokerConfigError(`The broker's configuration is not valid.\n${z.prettifyError(parsed.error)}`);
  }
  const { queues, topics, eventHubs } = parsed.data;
  const seen = new Set<string>();
  for (const { name } of [...queues, ...topics, ...eventHubs]) {
    const key = name.toLowerCase();
    if (seen.has(key)) {
      throw new BrokerConfigError(
        `Two entities of the broker are named '${name}', expected each name once.`,
        { name },
      );
    }
    seen.add(key);
  }
  return parsed.data;
}
