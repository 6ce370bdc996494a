import type { ModelState } from "../models/state.ts";
import type { PolicyBook } from "../policy/load.ts";
import type { ModelPolicy } from "../policy/schema.ts";

export type Served = { readonly model: string; readonly policy: ModelPolicy };

/**
 * The model whose policy names this endpoint, of those that are known or that the policy names in full. Where several
 * share an endpoint, the one whose champion is this deployment.
 *
 * @returns null for an endpoint of nobody's model: it has no limits
 */
export function servedBy(
  endpoint: string,
  deployment: string,
  policies: PolicyBook,
  states: readonly ModelState[],
): Served | null {
  const named = policies.patterns.filter((pattern) => !pattern.includes("*"));
  const models = [...new Set([...states.map(({ model }) => model), ...named])];
  const fitting = models.flatMap((model): Served[] => {
    const policy = policies.for(model)?.policy;
    return policy && isSame(policy.rollout.endpoint, endpoint) ? [{ model, policy }] : [];
  });
  const champion = fitting.find(({ model }) => {
    const deployed = states.find((state) => state.model === model)?.champion?.deployment;
    return deployed !== undefined && isSame(deployed, deployment);
  });
  return champion ?? fitting[0] ?? null;
}

/** Exporters write names in upper case. */
const isSame = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
