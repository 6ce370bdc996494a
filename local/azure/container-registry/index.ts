import path from "node:path";
import type { Clock } from "../../clock.ts";
import type { Authenticate } from "../front/arm-request.ts";
import type { RaiseEvent, Service, ServiceAnswer, ServiceRequest } from "../service.ts";
import { Announcer, type Asker } from "./announcer.ts";
import { createArm } from "./arm.ts";
import { Distribution } from "./distribution.ts";
import { Images } from "./images.ts";
import { Metadata } from "./metadata.ts";
import { RegistryRefusal } from "./refusal.ts";
import { RegistryStore } from "./store.ts";
import { Tokens } from "./tokens.ts";
import { Webhooks } from "./webhooks.ts";

export interface ContainerRegistryOptions {
  /** Folder of its SQLite file. */
  readonly data: string;
  readonly clock: Clock;
  /** ARM id of the one registry. */
  readonly registryId: string;
  readonly location: string;
  readonly authenticate: Authenticate;
  readonly raise: RaiseEvent;
  readonly log?: (level: "info" | "error", message: string) => void;
}

const AREAS: ReadonlySet<string | undefined> = new Set(["v2", "acr", "oauth2"]);

/** Azure Container Registry: the data plane at the root of the front, and the registry's Resource Manager side. */
export function createContainerRegistry(options: ContainerRegistryOptions): Service {
  const { data, clock, registryId, location, authenticate, raise, log = () => {} } = options;
  const store = new RegistryStore(path.join(data, "container-registry.sqlite"));
  const webhooks = new Webhooks({ store, registryId, log });
  const announcer = new Announcer({ registryId, clock, raise, webhooks });
  const isQuarantineEnabled = () => arm.settings().quarantine === "enabled";
  const images = new Images({ store, clock, announcer, isQuarantineEnabled });
  const arm = createArm({ store, clock, images, webhooks, authenticate, registryId, location });
  const isAnonymousPullEnabled = () => arm.settings().isAnonymousPullEnabled;
  const tokens = new Tokens({ store, clock, authenticate, isAnonymousPullEnabled });
  const metadata = new Metadata({ store, images, tokens, clock });
  const distribution = new Distribution({ store, images, tokens });

  async function handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    const [area, version] = request.segments;
    if (!AREAS.has(area) || (area === "acr" && version !== "v1")) return arm.handle(request);
    const { method, headers, origin } = request;
    const asker: Asker = { host: new URL(origin).host, method, userAgent: headers["user-agent"] ?? "" };
    try {
      if (area === "oauth2") return await tokens.handle(request);
      return await (area === "acr" ? metadata : distribution).handle(request, asker);
    } catch (error) {
      if (error instanceof RegistryRefusal) return error.answer();
      throw error;
    }
  }

  async function stop(): Promise<void> {
    await webhooks.stop();
    store.close();
  }

  return { name: "container-registry", handle, stats: () => store.counts(), stop };
}
