import type { SignalKind } from "../signals/signal.ts";
import type { Reaction } from "./decision.ts";
import type { Scenario } from "./schema.ts";

/** The same reaction whatever the scenario. */
const always = (reaction: Reaction) => ({ classical: reaction, vision: reaction, language: reaction });

/** A worse model: classical ones learn anew by themselves; for images and text people look first. */
const WORSE_MODEL = {
  classical: "retraining",
  vision: "development-loopback",
  language: "development-loopback",
} as const;

/** What each kind of signal calls for while it is raised, by scenario. A kind without a row does not compile. */
export const REACTION_TABLE: Record<SignalKind, Record<Scenario, Reaction>> = {
  "model.registered": always("promotion"),
  "model.deployed": always("raise-event"),
  "job.completed": always("raise-event"),
  "job.failed": always("raise-event"),
  "drift.data": WORSE_MODEL,
  "drift.prediction": WORSE_MODEL,
  "performance.degraded": WORSE_MODEL,
  "data-quality.violated": always("development-loopback"),
  "responsible-ai.violated": always("development-loopback"),
  "endpoint.slow": always("setup-loopback"),
  "endpoint.failing": always("setup-loopback"),
  "endpoint.saturated": always("setup-loopback"),
  "capacity.insufficient": always("setup-loopback"),
  "network.unreachable": always("setup-loopback"),
  "throttling.exceeded": always("setup-loopback"),
  "endpoint.unused": always("decommission"),
  "workspace.idle": always("decommission"),
  "budget.reached": always("notice"),
  "policy.violated": always("setup-loopback"),
  "image.vulnerable": always("image-quarantine"),
  "api.threatened": always("setup-loopback"),
  "platform.unhealthy": always("notice"),
};

/** Reactions that need a model's policy to be carried out. The others concern what models run on. */
const NEEDS_POLICY: ReadonlySet<Reaction> = new Set(["promotion", "retraining", "development-loopback"]);

/**
 * The row for a subject without a policy.
 *
 * @returns null when the reaction depends on a policy that is not there
 */
export function reactionWithoutPolicy(kind: SignalKind): Reaction | null {
  const { classical } = REACTION_TABLE[kind];
  return NEEDS_POLICY.has(classical) ? null : classical;
}
