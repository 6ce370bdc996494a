/** Whether this host's code may run an instance of a given version. */
import type { DurableConfig } from "./config.ts";

type VersionConfig = Pick<DurableConfig, "defaultVersion" | "versionMatchStrategy">;

/** Without a default version and a strategy, versions are labels that bind nobody. */
export function isVersionMatch(version: string, config: VersionConfig): boolean {
  const strategy = config.versionMatchStrategy ?? (config.defaultVersion ? "CurrentOrOlder" : "None");
  if (strategy === "None") return true;
  const order = compareVersions(version, config.defaultVersion);
  return strategy === "Strict" ? order === 0 : order <= 0;
}

/** Dotted numbers compare as numbers, anything else as text in any case; an empty version is older than any. */
export function compareVersions(a: string, b: string): number {
  if (a === "" || b === "") return Number(a !== "") - Number(b !== "");
  const [left, right] = [parseDotted(a), parseDotted(b)];
  if (!left || !right) return compare(a.toLowerCase(), b.toLowerCase());
  const length = Math.max(left.length, right.length);
  for (let i = 0; i < length; i += 1) {
    const order = compare(left[i] ?? -1, right[i] ?? -1);
    if (order !== 0) return order;
  }
  return 0;
}

function compare<T extends string | number>(a: T, b: T): number {
  return a < b ? -1 : Number(a > b);
}

/** Two to four numbers, as the .NET runtime reads a version. */
function parseDotted(text: string): number[] | undefined {
  return /^\d+(\.\d+){1,3}$/.test(text) ? text.split(".").map(Number) : undefined;
}
