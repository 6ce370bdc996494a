import type { HostLog, LogLevel } from "./contract.ts";

const ORDER: readonly LogLevel[] = ["trace", "debug", "information", "warning", "error", "critical"];

/** Anything that looks like a credential in a connection string, a token or a signed URL. */
const CREDENTIALS =
  /((?:AccountKey|SharedAccessKey|SharedAccessSignature|Password|PWD|sig|code|ClientSecret|access_token)=)[^;&\s"']+/gi;

export function maskCredentials(text: string): string {
  return text.replace(CREDENTIALS, "$1[Hidden Credential]");
}

/** Plain lines, errors and warnings on stderr. */
export const consoleLog: HostLog = (level, category, message) => {
  const line = `[${new Date().toISOString()}] ${level === "information" ? "" : `${level}: `}${message}`;
  const stream =
    level === "warning" || level === "error" || level === "critical" ? process.stderr : process.stdout;
  stream.write(category.startsWith("Function.") ? `${line}\n` : `${line} (${category})\n`);
};

/**
 * Lets through what host.json's `logging.logLevel` asks for: the longest matching category prefix wins, `default` is the rest.
 *
 * @param configured - category (`Function.<name>.User`, `Host.Results`, `default`) to level name; `None` silences
 */
export function filteredLog(sink: HostLog, configured: Readonly<Record<string, string>>): HostLog {
  // configuration keys of .NET compare in any case
  const levels = Object.fromEntries(
    Object.entries(configured).map(([category, level]) => [category.toLowerCase(), level]),
  );
  const thresholds = new Map<string, number>();
  const thresholdOf = (category: string): number => {
    const known = thresholds.get(category);
    if (known !== undefined) return known;
    const found = rank(levels[bestMatch(category.toLowerCase(), Object.keys(levels))] ?? "information");
    thresholds.set(category, found);
    return found;
  };
  return (level, category, message) => {
    if (ORDER.indexOf(level) >= thresholdOf(category)) sink(level, category, maskCredentials(message));
  };
}

function bestMatch(category: string, prefixes: readonly string[]): string {
  return (
    prefixes
      .filter((prefix) => category === prefix || category.startsWith(`${prefix}.`))
      .reduce((best, prefix) => (prefix.length > best.length ? prefix : best), "") || "default"
  );
}

function rank(name: string): number {
  const lower = name.toLowerCase();
  if (lower === "none") return ORDER.length;
  const found = ORDER.findIndex((level) => level.startsWith(lower));
  return found < 0 ? ORDER.indexOf("information") : found;
}
