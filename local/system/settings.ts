import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";

/** What the simulated Azure says about itself once it is up. */
export const CloudAddresses = z.object({
  origin: z.string(),
  httpOrigin: z.string(),
  caFile: z.string(),
  identityEndpoint: z.string(),
  identityHeader: z.string(),
  serviceBusConnectionString: z.string(),
  eventHubsConnectionString: z.string(),
  storageConnectionString: z.string(),
  workspaceId: z.string(),
  registryId: z.string(),
});
export type CloudAddresses = Readonly<z.infer<typeof CloudAddresses>>;

/** The app settings of the product in this world: the same names as in Azure, other addresses. */
export async function appSettings(cloud: CloudAddresses, data: string): Promise<Record<string, string>> {
  return {
    OUTERLOOP_ML_WORKSPACE: cloud.workspaceId,
    OUTERLOOP_RESOURCE_MANAGER: cloud.origin,
    OUTERLOOP_LINK_KEY: await linkKey(data),
    OUTERLOOP_MAIL_ENDPOINT: cloud.origin,
    OUTERLOOP_MAIL_SENDER: "outerloop@example.com",
    OUTERLOOP_STORAGE: process.env.OUTERLOOP_STORAGE || cloud.storageConnectionString,
    OUTERLOOP_SERVICE_BUS: cloud.serviceBusConnectionString,
    OUTERLOOP_EVENT_HUBS: cloud.eventHubsConnectionString,
    IDENTITY_ENDPOINT: cloud.identityEndpoint,
    IDENTITY_HEADER: cloud.identityHeader,
    NODE_EXTRA_CA_CERTS: cloud.caFile,
  };
}

/** Made once for a data folder, so that links in old mails stay good. */
async function linkKey(data: string): Promise<string> {
  const file = join(data, "link-key");
  await mkdir(data, { recursive: true });
  try {
    await writeFile(file, randomBytes(32).toString("hex"), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return readFile(file, "utf8");
}
