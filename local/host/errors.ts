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
