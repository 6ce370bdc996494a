import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { Clock } from "../../clock.ts";
import { armError } from "../front/arm-error.ts";
import {
  type Authenticate,
  methodNotAllowed,
  notFound,
  readArmBody,
  refusedByGateway,
} from "../front/arm-request.ts";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import type { Asker } from "./announcer.ts";
import type { Images } from "./images.ts";
import { RegistryRefusal } from "./refusal.ts";
import type { RegistryStore } from "./store.ts";
import type { Webhooks } from "./webhooks.ts";

const Status = z.enum(["enabled", "disabled"]);
const Settings = z.object({
  tags: z.record(z.string(), z.string()),
  quarantine: Status,
  isAnonymousPullEnabled: z.boolean(),
  createdAt: z.string(),
});
type Settings = z.infer<typeof Settings>;

/** What may be changed; a field that is not simulated is refused rather than kept without effect. */
const Update = z.strictObject({
  tags: z.record(z.string(), z.string()).optional(),
  properties: z
    .strictObject({
      anonymousPullEnabled: z.boolean().optional(),
      policies: z.strictObject({ quarantinePolicy: z.object({ status: Status }).optional() }).optional(),
    })
    .optional(),
});
const Import = z.strictObject({
  source: z.strictObject({
    resourceId: z.string().optional(),
    registryUri: z.string().optional(),
    sourceImage: z.string().min(1),
  }),
  targetTags: z.array(z.string()).default([]),
  mode: z.enum(["NoForce", "Force"]).default("NoForce"),
});

export interface ArmOptions {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly images: Images;
  readonly webhooks: Webhooks;
  readonly authenticate: Authenticate;
  readonly registryId: string;
  readonly location: string;
}

const PROVIDER = "microsoft.containerregistry";

/** The Resource Manager side of the one registry: its policies, its webhooks, and imports. */
export function createArm(options: ArmOptions) {
  const { store, clock, images, webhooks, authenticate, registryId, location } = options;
  const name = registryId.split("/").at(-1) ?? "";

  async function handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    const { segments } = request;
    const lower = segments.map((segment) => segment.toLowerCase());
    const provider = lower.indexOf(PROVIDER);
    if (lower[0] !== "subscriptions" || provider < 3 || lower[provider - 1] !== "providers") return undefined;
    // Whatever stands behind a registry, an event subscription say, is another provider's.
    if (lower.lastIndexOf("providers") !== provider - 1) return undefined;
    const refused = refusedByGateway(request, authenticate);
    if (refused) return refused;
    const [type, registry, child, childName] = segments.slice(provider + 1);
    if (type?.toLowerCase() === "locations" && child === "operationResults") return { status: 200, body: {} };
    if (type?.toLowerCase() !== "registries") return notFound(request.path);
    const scope = `/${segments.slice(0, provider - 1).join("/")}`.toLowerCase();
    if (registry === undefined) return onList(request, scope);
    const asked = `/${segments.slice(0, provider + 3).join("/")}`;
    if (asked.toLowerCase() !== registryId.toLowerCase()) return notFound(asked);
    if (child === undefined) return onRegistry(request);
    if (child.toLowerCase() === "webhooks") return webhooks.handle(request, childName);
    if (child.toLowerCase() === "importimage") return importImage(request);
    return armError(501, "NotImplemented", `'${child}' of a container registry is not simulated.`);
  }

  function onList({ method, origin }: ServiceRequest, scope: string): ServiceAnswer {
    if (method !== "GET") return methodNotAllowed(method);
    const value = registryId.toLowerCase().startsWith(`${scope}/`) ? [document(origin)] : [];
    return { status: 200, body: { value } };
  }

  function onRegistry({ method, body, origin }: ServiceRequest): ServiceAnswer {
    if (method === "GET") return { status: 200, body: document(origin) };
    if (method !== "PATCH") {
      return armError(501, "NotImplemented", `${method} of a registry is not simulated, only GET and PATCH.`);
    }
    const read = readArmBody(Update, body);
    if ("refused" in read) return armError(400, "InvalidRequest", read.refused);
    const { tags, properties } = read.value;
    const before = settings();
    store.putDocument("registry", {
      ...before,
      tags: tags ?? before.tags,
      quarantine: properties?.policies?.quarantinePolicy?.status ?? before.quarantine,
      isAnonymousPullEnabled: properties?.anonymousPullEnabled ?? before.isAnonymousPullEnabled,
    } satisfies Settings);
    return { status: 200, body: document(origin) };
  }

  /** From this registry itself: nothing else can be reached from here. */
  function importImage(request: ServiceRequest): ServiceAnswer {
    if (request.method !== "POST") return methodNotAllowed(request.method);
    const read = readArmBody(Import, request.body);
    if ("refused" in read) return armError(400, "InvalidRequest", read.refused);
    const { source, targetTags, mode } = read.value;
    if (source.resourceId?.toLowerCase() !== registryId.toLowerCase()) {
      const message = `The stand-in imports from its own registry alone: source.resourceId must be '${registryId}'.`;
      return armError(400, "InvalidRequest", message);
    }
    const [, repository = "", reference = "latest"] = /^(.+?)(?:[@:](.+))?$/.exec(source.sourceImage) ?? [];
    const host = new URL(request.origin).host;
    const asker: Asker = { host, method: "PUT", userAgent: "AzureContainerRegistry import" };
    try {
      const { mediaType, bytes, digest } = images.pull(repository, reference);
      const targets = targetTags.length > 0 ? targetTags : [`${repository}:${reference}`];
      const taken = targets.find((target) => mode === "NoForce" && isTaken(target, digest));
      if (taken) return armError(409, "Conflict", `Tag '${taken}' already exists in the target registry.`);
      for (const target of targets) {
        const [to = "", tag = "latest"] = target.split(":");
        for (const part of partsOf(bytes)) {
          const blob = store.blob(repository, part);
          if (blob) store.putBlob(to, part, blob);
        }
        images.push(to, tag, mediaType, bytes, asker);
      }
    } catch (error) {
      if (!(error instanceof RegistryRefusal)) throw error;
      return armError(400, "InvalidRequest", `'${source.sourceImage}' cannot be imported: ${error.message}`);
    }
    const [subscription = ""] = registryId.split("/resourceGroups/");
    const operation = `${subscription}/providers/Microsoft.ContainerRegistry/locations/${location}/operationResults/registries-${randomUUID()}`;
    return { status: 202, headers: { location: `${request.origin}${operation}?api-version=2025-11-01` } };
  }

  function isTaken(target: string, digest: string): boolean {
    const [repository = "", tag = "latest"] = target.split(":");
    const existing = store.tag(repository, tag);
    return existing !== undefined && existing.digest !== digest;
  }

  function settings(): Settings {
    const kept = Settings.safeParse(store.document("registry"));
    if (kept.success) return kept.data;
    const createdAt = new Date(clock.now()).toISOString();
    const fresh: Settings = { tags: {}, quarantine: "disabled", isAnonymousPullEnabled: false, createdAt };
    store.putDocument("registry", fresh);
    return fresh;
  }

  function document(origin: string): Record<string, unknown> {
    const { tags, quarantine, isAnonymousPullEnabled, createdAt } = settings();
    return {
      id: registryId,
      name,
      type: "Microsoft.ContainerRegistry/registries",
      location,
      tags,
      sku: { name: "Premium", tier: "Premium" },
      properties: {
        loginServer: new URL(origin).host,
        creationDate: createdAt,
        provisioningState: "Succeeded",
        adminUserEnabled: false,
        policies: {
          quarantinePolicy: { status: quarantine },
          trustPolicy: { type: "Notary", status: "disabled" },
          retentionPolicy: { days: 7, lastUpdatedTime: createdAt, status: "disabled" },
          exportPolicy: { status: "enabled" },
          azureADAuthenticationAsArmPolicy: { status: "enabled" },
        },
        encryption: { status: "disabled" },
        dataEndpointEnabled: false,
        dataEndpointHostNames: [],
        privateEndpointConnections: [],
        publicNetworkAccess: "Enabled",
        networkRuleBypassOptions: "AzureServices",
        zoneRedundancy: "Disabled",
        anonymousPullEnabled: isAnonymousPullEnabled,
      },
      systemData: {
        createdBy: "outerloop",
        createdByType: "Application",
        createdAt,
        lastModifiedBy: "outerloop",
        lastModifiedByType: "Application",
        lastModifiedAt: createdAt,
      },
    };
  }

  return { handle, settings };
}

function partsOf(bytes: Buffer): string[] {
  const Part = z.object({ digest: z.string() });
  const body = z
    .object({ config: Part.optional(), layers: z.array(Part).default([]) })
    .parse(JSON.parse(bytes.toString()));
  return [...(body.config ? [body.config] : []), ...body.layers].map(({ digest }) => digest);
}
