/**
 * Reads the configuration files of Microsoft's own emulators, so that an app that has one needs no other: `Config.json`
 * of the Service Bus emulator (`Namespaces`), of the Event Hubs emulator (`NamespaceConfig`), or both in one.
 *
 * @see Azure/azure-service-bus-emulator-installer, ServiceBus-Emulator/Schema/Config-schema.json
 * @see Azure/azure-event-hubs-emulator-installer, EventHub-Emulator/Schema/Config-schema.json
 */
import { readFile } from "node:fs/promises";
import * as z from "zod";
import { type BrokerConfig, BrokerConfigError, parseConfig } from "./config.ts";

/** What entities and rules have is checked, by the names it has there, where the broker takes it. */
const Named = z.strictObject({ Name: z.string(), Properties: z.unknown().optional() });
const named = ({ Name, Properties }: z.infer<typeof Named>) => ({ name: Name, properties: Properties });

const Subscription = Named.extend({ Rules: z.array(Named).default([]) });
const Topic = Named.extend({ Subscriptions: z.array(Subscription).default([]) });
const ServiceBusNamespace = z.strictObject({
  Name: z.string().optional(),
  Queues: z.array(Named).default([]),
  Topics: z.array(Topic).default([]),
});

const Hub = z.strictObject({
  Name: z.string(),
  /** A text in the emulator's schema. */
  PartitionCount: z.union([z.int(), z.string().regex(/^\d+$/).transform(Number)], "expected a whole number"),
  ConsumerGroups: z.array(z.strictObject({ Name: z.string() })).default([]),
});
const HubNamespace = z.strictObject({
  Type: z.literal("EventHub").optional(),
  Name: z.string().optional(),
  Entities: z.array(Hub),
});

/** The emulators serve one namespace each. What they log, and where to, is not the broker's matter. */
const EmulatorConfig = z.object({
  UserConfig: z
    .object({
      Namespaces: z.array(ServiceBusNamespace).max(1).default([]),
      NamespaceConfig: z.array(HubNamespace).max(1).default([]),
    })
    .refine(
      ({ Namespaces, NamespaceConfig }) => Namespaces.length + NamespaceConfig.length > 0,
      "expected Namespaces (Service Bus), NamespaceConfig (Event Hubs), or both",
    ),
});

/**
 * What is left out has Azure's defaults, not the emulators': ten deliveries, no time to live.
 *
 * @throws {BrokerConfigError} naming the file and each field that is wrong
 */
export async function readEmulatorConfig(file: string): Promise<BrokerConfig> {
  const wrong = (reason: string, cause?: unknown) =>
    new BrokerConfigError(`The broker's entities in '${file}' are wrong: ${reason}`, { file }, { cause });
  const text = await readFile(file, "utf8").catch((error: Error) => {
    throw wrong(`the file cannot be read (${error.message}).`, error);
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw wrong(`the file is no JSON (${(error as Error).message}).`, error);
  }
  const parsed = EmulatorConfig.safeParse(json);
  if (!parsed.success) throw wrong(`\n${z.prettifyError(parsed.error)}`, parsed.error);
  const { Namespaces, NamespaceConfig } = parsed.data.UserConfig;
  const config = {
    queues: Namespaces.flatMap(({ Queues }) => Queues.map(named)),
    topics: Namespaces.flatMap(({ Topics }) =>
      Topics.map(({ Subscriptions, ...topic }) => ({
        ...named(topic),
        subscriptions: Subscriptions.map(({ Rules, ...subscription }) => ({
          ...named(subscription),
          rules: Rules.map(named),
        })),
      })),
    ),
    eventHubs: NamespaceConfig.flatMap(({ Entities }) =>
      Entities.map(({ Name, PartitionCount, ConsumerGroups }) => ({
        name: Name,
        partitionCount: PartitionCount,
        consumerGroups: ConsumerGroups.map((group) => group.Name),
      })),
    ),
  };
  try {
    parseConfig(config);
  } catch (error) {
    throw wrong((error as Error).message, error);
  }
  return config as BrokerConfig;
}
