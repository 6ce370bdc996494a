import { cpSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type RunningHost, startHost } from "../../local/host/index.ts";
import { samplePolicy } from "../policy-sample.ts";

/**
 * The bundle that is deployed, in a folder and a host of its own, with a policy for `weather-max`.
 *
 * @param data - folder for both; it is there
 * @param settings - which services it speaks to
 */
export function startDeployedHost(
  data: string,
  settings: Readonly<Record<string, string>>,
): Promise<RunningHost> {
  const policy = join(data, "policy.yaml");
  writeFileSync(policy, JSON.stringify({ version: 1, models: { "weather-max": samplePolicy } }));
  const app = join(data, "app");
  for (const part of ["dist", "package.json", "host.json"])
    cpSync(part, join(app, part), { recursive: true });
  symlinkSync(resolve("node_modules"), join(app, "node_modules"));
  return startHost({
    app,
    port: 0,
    data: join(data, "host"),
    log: () => {},
    env: {
      OUTERLOOP_PUBLIC_URL: "https://outerloop.example",
      OUTERLOOP_LINK_KEY: "k".repeat(32),
      OUTERLOOP_MAIL_SENDER: "outerloop@example.com",
      OUTERLOOP_POLICY: policy,
      ...settings,
    },
  });
}
