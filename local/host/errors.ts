/** The app, its settings or the machine keep the host from starting. The message is one line, written for the person who started it. */
export class HostStartError extends Error {
  override name = "HostStartError";

  constructor(message: string, options?: ErrorOptions) {
    super(message.replaceAll(/\s*\n\s*/g, " "), options);
  }
}

/** One function cannot be served as it is registered; the others still run. */
export class IndexingError extends Error {
  override name = "IndexingError";
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The pages of a database contradict each other. The message is SQLite's own. */
export class DamagedDatabaseError extends Error {
  override name = "DamagedDatabaseError";
}

/** SQLite's primary result codes for a file whose pages contradict each other, and for one that is no database. */
const DAMAGED: readonly number[] = [11, 26];

/** Whether SQLite refused a file for what is in it, rather than for who else holds it. */
export function isDamagedDatabase(error: unknown): boolean {
  if (error instanceof DamagedDatabaseError) return true;
  return (
    error instanceof Error &&
    "errcode" in error &&
    typeof error.errcode === "number" &&
    DAMAGED.includes(error.errcode & 0xff)
  );
}
