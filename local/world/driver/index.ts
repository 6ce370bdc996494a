import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { ManagedIdentityCredential } from "@azure/identity";
import type { Service } from "../../azure/service.ts";
import type { Clock } from "../../clock.ts";
import type { WorldName } from "../worlds.ts";
import { controlService } from "./controls.ts";
import { Pauses } from "./pauses.ts";
import { Relearner, type RelearnerParts, RelearningState, relearningBegins } from "./relearning.ts";
import type { Scenario } from "./scenario.ts";
import { beginning, readState, WorldState } from "./state.ts";
import { Workspace } from "./workspace.ts";
import { World } from "./world.ts";

/** A world is one line here: its file, loaded only when it is asked for. */
const SCENARIOS: Readonly<Record<WorldName, () => Promise<Scenario>>> = {
  classical: async () => (await import("./weather/index.ts")).weather(),
  vision: async () => (await import("./samples/index.ts")).digits(),
  language: async () => (await import("./samples/index.ts")).supportDesk(),
};

export interface WorldOptions {
  readonly world: WorldName;
  /** `https://localhost:7072`: where Azure and the labelling queue are. */
  readonly azureOrigin: string;
  /** Resource id of the Azure Machine Learning workspace. */
  readonly workspaceId: string;
  /** App Service's managed identity endpoint, and the header value that opens it. */
  readonly identity: { readonly endpoint: string; readonly header: string };
  /** PEM file that this process shall trust; absent: it does already (`NODE_EXTRA_CA_CERTS`). */
  readonly caFile?: string;
  /** Folder of this world's own state and data. */
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
  const { data, clock, secondsPerDay, log } = options;
  const workspace = await openWorkspace(options);
  const scenario = await SCENARIOS[options.world]();
  const stateFile = join(data, "world.json");
  const published = join(data, "published");
  const state = await readState(stateFile, WorldState, beginning(scenario.startDate));
  const world = new World({ workspace, scenario, stateFile, published, state, clock, secondsPerDay, log });
  const pauses = new Pauses(clock);
  const relearner = await relearnerOf({ workspace, scenario, published, pauses, log }, options, world);
  const ended = Promise.all([world.run(), relearner?.run()]);
  return {
    service: controlService(
      () => ({ ...world.tell(), ...(relearner && { relearning: relearner.tell() }) }),
      (controls) => world.change(controls),
    ),
    async stop() {
      world.stop();
      pauses.stop();
      await ended;
    },
  };
}

async function openWorkspace({
  identity,
  caFile,
  azureOrigin,
  workspaceId,
}: WorldOptions): Promise<Workspace> {
  // The credential has no other way to be told.
  process.env.IDENTITY_ENDPOINT = identity.endpoint;
  process.env.IDENTITY_HEADER = identity.header;
  if (caFile) {
    const ca = await readFile(caFile, "utf8");
    const trusted = getCACertificates("default");
    if (!trusted.includes(ca)) setDefaultCACertificates([...trusted, ca]);
  }
  return new Workspace(azureOrigin, workspaceId, new ManagedIdentityCredential());
}

/** Absent in a world whose model is retrained without people. */
async function relearnerOf(
  parts: Pick<RelearnerParts, "workspace" | "scenario" | "published" | "pauses" | "log">,
  { data, azureOrigin }: WorldOptions,
  world: World,
): Promise<Relearner | undefined> {
  const { relearning, startDate } = parts.scenario;
  if (!relearning) return undefined;
  const stateFile = join(data, "relearning.json");
  return new Relearner({
    ...parts,
    relearning,
    stateFile,
    state: await readState(stateFile, RelearningState, relearningBegins(startDate)),
    labelling: `${azureOrigin}/labelling`,
    monitoredOn: () => world.monitoredOn,
  });
}
