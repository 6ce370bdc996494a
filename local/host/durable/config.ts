/** The settings in host.json under `extensions.durableTask` that have a meaning on one machine. */
import { availableParallelism } from "node:os";
import * as z from "zod/mini";
import { messageOf } from "../errors.ts";
import { processSettings, resolveSettings } from "../settings/app-settings.ts";
import { wordsOf } from "../zod-words.ts";

const count = z.int().check(z.positive());
const perCore = () => 10 * availableParallelism();

const DurableConfig = z.object({
  hubName: z.optional(z.string()),
  maxConcurrentActivityFunctions: z._default(count, perCore),
  maxConcurrentOrchestratorFunctions: z._default(count, perCore),
  maxConcurrentEntityFunctions: z._default(count, perCore),
  maxEntityOperationBatchSize: z._default(count, 50),
  maxOrchestrationActions: z._default(count, 100_000),
  overridableExistingInstanceStates: z._default(z.enum(["NonRunningStates", "AnyState"]), "NonRunningStates"),
  storeInputsInOrchestrationHistory: z._default(z.boolean(), false),
  localRpcEndpointEnabled: z._default(z.boolean(), true),
  httpSettings: z.prefault(
    z.object({ defaultAsyncRequestSleepTimeMilliseconds: z._default(count, 30_000) }),
    {},
  ),
  defaultVersion: z._default(z.string(), ""),
  versionMatchStrategy: z.optional(z.enum(["None", "Strict", "CurrentOrOlder"])),
  versionFailureStrategy: z._default(z.enum(["Reject", "Fail"]), "Reject"),
});
export type DurableConfig = z.infer<typeof DurableConfig> & { readonly hubName: string };

/** @throws when a setting has the wrong type; the message names the setting */
export function readConfig(raw: unknown): DurableConfig {
  const parsed = DurableConfig.safeParse(raw ?? {});
  if (!parsed.success) {
    throw new Error(`host.json extensions.durableTask is not valid. ${wordsOf(parsed.error)}`);
  }
  try {
    return { ...parsed.data, hubName: hubName(parsed.data.hubName) };
  } catch (error) {
    throw new Error(`host.json extensions.durableTask is not valid. hubName: ${messageOf(error)}`);
  }
}

const DEFAULT_HUB = "TestHubName";

/**
 * What Azure Storage takes for a hub, whose name becomes that of a table, a queue and a container. The extension's words
 * say 45 characters at most, its check stops at 50.
 *
 * @see Azure/azure-functions-durable-extension, AzureStorageOptions.cs: ValidateHubName, IsSanitizedHubName
 */
const HUB_NAME = /^[a-z][a-z0-9]{2,49}$/i;
const LONGEST_DERIVED_HUB = 45;

/** `%NAME%` stands for an app setting. @throws when there is none of that name, or the name is none for a hub */
function hubName(configured: string | undefined): string {
  if (configured === undefined) return derivedHub(process.env.WEBSITE_SITE_NAME || DEFAULT_HUB);
  const name = resolveSettings(configured, processSettings);
  if (HUB_NAME.test(name) && name.toLowerCase() !== "tables") return name;
  throw new Error(
    `found '${name}', expected 3 to 45 letters and digits, a letter first: on Azure the start fails for it.`,
  );
}

/** The site's name made fit to be a hub. */
function derivedHub(site: string): string {
  const letters = site.replace(/[^\p{L}\p{Nd}]/gu, "");
  if (letters === "") return "DefaultTaskHub";
  const name = (/^\p{Nd}/u.test(letters) ? `t${letters}` : letters).slice(0, LONGEST_DERIVED_HUB);
  return name.length < 3 ? `${name}Hub` : name;
}
