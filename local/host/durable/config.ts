/** The settings in host.json under `extensions.durableTask` that have a meaning on one machine. */
import { availableParallelism } from "node:os";
import * as z from "zod";

const count = z.number().int().positive();
const perCore = () => 10 * availableParallelism();

const DurableConfig = z.object({
  hubName: z.string().optional(),
  maxConcurrentActivityFunctions: count.default(perCore),
  maxConcurrentOrchestratorFunctions: count.default(perCore),
  maxConcurrentEntityFunctions: count.default(perCore),
  maxEntityOperationBatchSize: count.default(50),
  maxOrchestrationActions: count.default(100_000),
  overridableExistingInstanceStates: z.enum(["NonRunningStates", "AnyState"]).default("NonRunningStates"),
  localRpcEndpointEnabled: z.boolean().default(true),
  httpSettings: z.object({ defaultAsyncRequestSleepTimeMilliseconds: count.default(30_000) }).prefault({}),
  defaultVersion: z.string().default(""),
  versionMatchStrategy: z.enum(["None", "Strict", "CurrentOrOlder"]).optional(),
  versionFailureStrategy: z.enum(["Reject", "Fail"]).default("Reject"),
});
export type DurableConfig = z.infer<typeof DurableConfig> & { readonly hubName: string };

/** @throws when a setting has the wrong type; the message names the setting */
export function readConfig(raw: unknown): DurableConfig {
  const parsed = DurableConfig.safeParse(raw ?? {});
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      (issue) => `${issue.path.join(".") || "(itself)"}: ${issue.message}`,
    );
    throw new Error(`host.json extensions.durableTask is not valid. ${problems.join("; ")}`);
  }
  return { ...parsed.data, hubName: hubName(parsed.data.hubName) };
}

/** `%NAME%` stands for an app setting. */
function hubName(configured: string | undefined): string {
  const named = configured?.replace(/%([^%]+)%/g, (_, setting: string) => process.env[setting] ?? "");
  return named || (process.env.WEBSITE_SITE_NAME ?? "").replace(/[^A-Za-z0-9]/g, "") || "TestHubName";
}
