import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { ManagedIdentityCredential } from "@azure/identity";
import { afterAll, expect, test } from "vitest";
import { approve, readMailbox } from "../../local/demo/approver.ts";
import { findMail } from "../../local/demo/story.ts";
import { Witness } from "../../local/demo/witness.ts";
import { identityToken } from "../../local/system/resource-manager.ts";
import type { System } from "../../local/system/system.ts";
import { Workspace } from "../../local/world/driver/workspace.ts";
import { type KillableSystem, startKillable } from "./killable-system.ts";
import { writeQuickPolicy } from "./quick-policy.ts";

const folder = await mkdtemp(join(tmpdir(), "crash-"));
let system: KillableSystem | undefined;
let witness: Witness | undefined;

afterAll(async () => {
  witness?.stop();
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

const getJson = async (url: string | URL) => (await fetch(url)).json();

/** Approves the version when its mail comes, as its approver would. */
async function approveVersion(version: string, { addresses }: KillableSystem, eyes: Witness): Promise<void> {
  const mail = await eyes.until("the approval mail arrives", () =>
    findMail(addresses, `Approve weather-max version ${version} `),
  );
  await approve(mail, "");
}

/** Registers the artefact of version 1 once more, as a data scientist would. */
async function registerVersion2({ cloud }: Pick<System, "cloud">): Promise<void> {
  process.env.IDENTITY_ENDPOINT = cloud.identityEndpoint;
  process.env.IDENTITY_HEADER = cloud.identityHeader;
  setDefaultCACertificates([...getCACertificates("default"), await readFile(cloud.caFile, "utf8")]);
  const workspace = new Workspace(cloud.origin, cloud.workspaceId, new ManagedIdentityCredential());
  await workspace.registerModel("weather-max", "2", "weather-max-first-training", "The same once more.");
}

/** Names of all jobs but those of the world's weekly monitors. */
async function jobsOf({ cloud }: Pick<System, "cloud">): Promise<string[]> {
  const url = `${cloud.httpOrigin}${cloud.workspaceId}/jobs?api-version=2022-10-01`;
  const answer = await fetch(url, { headers: { authorization: `Bearer ${await identityToken(cloud)}` } });
  const { value } = (await answer.json()) as { value: { name: string }[] };
  return value
    .map(({ name }) => name)
    .filter((name) => !/-(data-drift|prediction-drift|data-quality|performance)-/.test(name));
}

test("a rollout whose every process is killed while a step bakes ends as it would have, and repeats nothing", async () => {
  const policy = await writeQuickPolicy(folder);
  system = await startKillable(folder, policy);
  let eyes = new Witness(system.addresses.host);
  witness = eyes;
  await approveVersion("1", system, eyes);
  await eyes.entry(
    "version 1 is live",
    ({ kind, summary }) => kind === "outcome" && summary.includes("Version 1"),
  );
  await registerVersion2(system);
  await approveVersion("2", system, eyes);
  await eyes.until("version 2 serves its first step", async () => {
    const operations = await getJson(`${system?.addresses.host}/api/operations/promotion-weather-max-2`);
    const { sentence } = operations as { sentence?: string };
    return (
      sentence?.startsWith("Version 2 of weather-max serves 10 % of the traffic, watched until") || undefined
    );
  });
  eyes.stop();
  await system.kill();

  system = await startKillable(folder, policy);
  eyes = new Witness(system.addresses.host);
  witness = eyes;
  const ended = await eyes.entry(
    "version 2 is live",
    ({ kind, summary }) => kind === "outcome" && summary.includes("Version 2"),
    { seconds: 90 },
  );
  expect(ended.summary).toBe("Version 2 of weather-max serves all traffic of weather-max.");

  const told = await eyes.until("the outcome's mail arrives", async () => {
    const mails = await readMailbox(system?.addresses.mailbox ?? "");
    return mails.some(({ subject }) => subject.startsWith("weather-max version 2: promoted"))
      ? mails
      : undefined;
  });
  expect(told.map(({ subject }) => subject.split(" by ")[0]).sort()).toEqual([
    "Approve weather-max version 1",
    "Approve weather-max version 2",
    "weather-max version 1: promoted",
    "weather-max version 2: promoted",
  ]);
  expect(await getJson(new URL("/_stats", system.addresses.world))).toMatchObject({
    mailsSent: 4,
    // Version 1 to 100 %, then version 2 to 10, 50 and 100 %.
    trafficChanges: 4,
    modelsRegistered: 2,
  });
  expect((await jobsOf(system)).sort()).toEqual([
    "promotion-weather-max-1-evaluate",
    "promotion-weather-max-2-evaluate",
    "weather-max-first-training",
  ]);
  expect(await getJson(`${system.addresses.host}/api/ledger/verify`)).toMatchObject({ verified: true });
}, 200_000);
