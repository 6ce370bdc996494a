import type { EffectivePolicy } from "../policy/load.ts";
import { isRecord } from "../signals/fields.ts";

/** One value of a policy and where it was written; without a file, it is a default of the schema. */
export interface PolicyRow {
  /** Dotted, such as `retraining.coolDown`. */
  readonly path: string;
  readonly value: string;
  readonly file: string | null;
  readonly line: number | null;
}

/** Every value of a policy. Lists are values: a layer replaces them whole. */
export function policyRows({ policy, sources }: Pick<EffectivePolicy, "policy" | "sources">): PolicyRow[] {
  return leaves(policy, []).map(([path, value]) => ({
    path,
    value: typeof value === "string" ? value : JSON.stringify(value),
    file: sources[path]?.file ?? null,
    line: sources[path]?.line ?? null,
  }));
}

function leaves(value: unknown, at: readonly string[]): [string, unknown][] {
  if (!isRecord(value) || Object.keys(value).length === 0) return [[at.join("."), value]];
  return Object.entries(value).flatMap(([name, child]) => leaves(child, [...at, name]));
}
