import * as z from "zod";
import { OuterloopError } from "./errors.ts";

/** A setting is missing or wrong. Nothing starts half-configured: every mistake is listed at once. */
export class ConfigError extends OuterloopError {
  override name = "ConfigError";

  constructor(problems: readonly string[]) {
    super(`Settings are not usable:\n${problems.map((line) => `  ${line}`).join("\n")}`, { problems });
  }
}

const WORKSPACE_ID =
  /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/Microsoft\.MachineLearningServices\/workspaces\/([^/]+)$/i;

/** A connection as Functions settings have it: `X` holds a connection string, or `X__<member>` an identity-based address. */
const connection = (name: string, member: string) => ({
  [name]: z.string().min(1).optional(),
  [`${name}__${member}`]: z.string().min(1).optional(),
});

const Environment = z.object({
  OUTERLOOP_ML_WORKSPACE: z.string().regex(WORKSPACE_ID, "the resource id of an Azure ML workspace"),
  OUTERLOOP_RESOURCE_MANAGER: z.url().default("https://management.azure.com"),
  OUTERLOOP_PUBLIC_URL: z.url().optional(),
  WEBSITE_HOSTNAME: z.string().optional(),
  OUTERLOOP_LINK_KEY: z.string().min(32, "at least 32 characters, kept secret: it signs approval links"),
  OUTERLOOP_MAIL_ENDPOINT: z.url(),
  OUTERLOOP_MAIL_SENDER: z.email(),
  OUTERLOOP_POLICY: z.string().min(1).default("policy.yaml"),
  AZURE_CLIENT_ID: z.string().optional(),
  ...connection("OUTERLOOP_STORAGE", "tableServiceUri"),
  ...connection("OUTERLOOP_STORAGE", "blobServiceUri"),
  ...connection("OUTERLOOP_SERVICE_BUS", "fullyQualifiedNamespace"),
  ...connection("OUTERLOOP_EVENT_HUBS", "fullyQualifiedNamespace"),
});

/** How to reach a service: by a connection string, or by its address and the app's own identity. */
export type Connection = { readonly connectionString: string } | { readonly address: string };

export interface Config {
  readonly workspace: {
    readonly id: string;
    readonly subscriptionId: string;
    readonly resourceGroup: string;
    readonly name: string;
  };
  /** Base of Azure Resource Manager: another one for sovereign clouds. */
  readonly resourceManager: string;
  /** Base of every link in a mail, without a trailing slash. */
  readonly publicUrl: string;
  readonly linkKey: string;
  readonly mail: { readonly endpoint: string; readonly sender: string };
  readonly policyFile: string;
  /** Client id of a user-assigned identity; absent: the system-assigned one. */
  readonly identityClientId: string | undefined;
  readonly tables: Connection;
  readonly blobs: Connection;
  readonly serviceBus: Connection;
  /** Where the ledger is streamed to; absent: it is not. */
  readonly eventHubs: Connection | null;
}

/**
 * Reads the app's settings.
 *
 * @throws {ConfigError} naming every setting that is missing or wrong, and what was expected
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const parsed = Environment.safeParse(environment);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  const connectionOf = (name: string, member: string): Connection | null => {
    const connectionString = environment[name];
    const address = environment[`${name}__${member}`];
    if (connectionString) return { connectionString };
    return address ? { address } : null;
  };
  const required = (name: string, member: string): Connection => {
    const found = connectionOf(name, member);
    if (!found)
      problems.push(`${name}: a connection string is expected here, or an address in ${name}__${member}`);
    return found ?? { address: "" };
  };
  const tables = required("OUTERLOOP_STORAGE", "tableServiceUri");
  const blobs = required("OUTERLOOP_STORAGE", "blobServiceUri");
  const serviceBus = required("OUTERLOOP_SERVICE_BUS", "fullyQualifiedNamespace");
  if (!environment.OUTERLOOP_PUBLIC_URL && !environment.WEBSITE_HOSTNAME) {
    problems.push("OUTERLOOP_PUBLIC_URL: the address under which approvers reach this app is expected");
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);

  const settings = parsed.data;
  const [, subscriptionId = "", resourceGroup = "", name = ""] =
    WORKSPACE_ID.exec(settings.OUTERLOOP_ML_WORKSPACE) ?? [];
  return {
    workspace: { id: settings.OUTERLOOP_ML_WORKSPACE, subscriptionId, resourceGroup, name },
    resourceManager: settings.OUTERLOOP_RESOURCE_MANAGER.replace(/\/$/, ""),
    publicUrl: (settings.OUTERLOOP_PUBLIC_URL ?? hostUrl(settings.WEBSITE_HOSTNAME)).replace(/\/$/, ""),
    linkKey: settings.OUTERLOOP_LINK_KEY,
    mail: { endpoint: settings.OUTERLOOP_MAIL_ENDPOINT, sender: settings.OUTERLOOP_MAIL_SENDER },
    policyFile: settings.OUTERLOOP_POLICY,
    identityClientId: settings.AZURE_CLIENT_ID,
    tables,
    blobs,
    serviceBus,
    eventHubs: connectionOf("OUTERLOOP_EVENT_HUBS", "fullyQualifiedNamespace"),
  };
}

/** Where the platform serves the app; it names no scheme, and serves plain HTTP on a developer's machine alone. */
function hostUrl(hostname = ""): string {
  return `${hostname.startsWith("localhost:") ? "http" : "https"}://${hostname}`;
}
