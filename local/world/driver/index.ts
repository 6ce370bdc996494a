import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { ManagedIdentityCredential } from "@azure/identity";
import type { Service } from "../../azure/service.ts";
import type { Clock } from "../../clock.ts";
import { controlService } from "./controls.ts";
import { Nature } from "./nature.ts";
import { readState } from "./state.ts";
import { Workspace } from "./workspace.ts";
import { World } from "./world.ts";

export interface WorldOptions {
  /** `https://localhost:7072`: where Azure is. */
  readonly azureOrigin: string;
  /** Resource id of the Azure Machine Learning workspace. */
  readonly workspaceId: string;
  /** App Service's managed identity endpoint, and the header value that opens it. */
  readonly identity: { readonly endpoint: string; readonly header: string };
  /** PEM file that this process shall trust; absent: it does already (`NODE_EXTRA_CA_CERTS`). */
  readonly caFile?: string;
  /** Folder of the world's own state and data. */
  readonly data: string;
  readonly clock: Clock;
  /** Real seconds that a day takes. */
  readonly secondsPerDay: number;
  readonly log: (level: "info" | "error", message: string) => void;
}

export interface RunningWorld {
  /** `/_world`, to be served at the front. */
  readonly service: Service;
  /** Resolves when the last request has been answered. */
  stop(): Promise<void>;
}

/**
 * Starts the world. It returns at once: what it needs of Azure it asks for until it gets it, and what it has done
 * is kept in `data`, so that after a crash it goes on from the same day.
 */
export async function startWorld(options: WorldOptions): Promise<RunningWorld> {
  const { identity, caFile, data, azureOrigin, workspaceId, clock, secondsPerDay, log } = options;
  // The credential has no other way to be told.
  process.env.IDENTITY_ENDPOINT = identity.endpoint;
  process.env.IDENTITY_HEADER = identity.header;
  if (caFile) {
    const ca = await readFile(caFile, "utf8");
    const trusted = getCACertificates("default");
    if (!trusted.includes(ca)) setDefaultCACertificates([...trusted, ca]);
  }
  const world = new World({
    workspace: new Workspace(azureOrigin, workspaceId, new ManagedIdentityCredential()),
    nature: await Nature.load(),
    stateFile: join(data, "world.json"),
    observations: join(data, "observations"),
    state: await readState(join(data, "world.json")),
    clock,
    secondsPerDay,
    log,
  });
  const ended = world.run();
  return {
    service: controlService(
      () => world.tell(),
      (controls) => world.change(controls),
    ),
    async stop() {
      world.stop();
      await ended;
    },
  };
}
