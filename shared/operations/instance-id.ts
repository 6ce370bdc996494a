import { sha256 } from "../canonical.ts";

/** Instance ids travel in URLs that the durable client does not encode, so only these characters are safe. */
const UNSAFE = /[^A-Za-z0-9_-]/g;
const LONGEST_PART = 40;
const HASH_DIGITS = 8;

/**
 * A deterministic instance id: the same subject always gives the same one, so a second start finds the first.
 *
 * @returns at most 100 characters of `[A-Za-z0-9_-]`; a part that had to be changed carries a hash of the original
 */
export function instanceId(kind: string, ...parts: readonly string[]): string {
  return [kind, ...parts.map(safePart)].join("-");
}

function safePart(part: string): string {
  const safe = part.replace(UNSAFE, "_");
  if (safe === part && part.length <= LONGEST_PART) return part;
  return `${safe.slice(0, LONGEST_PART - HASH_DIGITS - 1)}_${sha256(part).slice(0, HASH_DIGITS)}`;
}

/** Longest name that Azure ML takes for a deployment; it starts with a letter. */
const LONGEST_DEPLOYMENT = 32;

/** Name of the deployment that serves a version: `version-3`, or `test-3` for a smoke test. */
export function deploymentName(prefix: "version" | "test", version: string): string {
  const name = `${prefix}-${version.replace(/[^A-Za-z0-9-]/g, "-")}`;
  if (name.length <= LONGEST_DEPLOYMENT) return name;
  return `${name.slice(0, LONGEST_DEPLOYMENT - HASH_DIGITS - 1)}-${sha256(version).slice(0, HASH_DIGITS)}`;
}
