/** A part of the simulated Azure could not start; all others have been stopped again. */
export class AzureStartError extends Error {
  override name = "AzureStartError";
}

const PORT_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use: stop what listens there",
  EACCES: "may not be opened by this user",
};

/**
 * Says which port and which flag, when a part fails because of its port; passes every other error on.
 *
 * @param part - e.g. "The AMQP broker"
 */
export async function withPortAdvice<T>(
  part: string,
  port: number,
  flag: string,
  start: Promise<T>,
): Promise<T> {
  try {
    return await start;
  } catch (error) {
    const [problem] = codesOf(error).flatMap((code) => PORT_ERRORS[code] ?? []);
    if (!problem) throw error;
    throw new AzureStartError(
      `${part} cannot start: port ${port} ${problem}, or choose another one with ${flag} (0 takes a free one).`,
      { cause: error },
    );
  }
}

/** The system's error codes of an error and of what caused it. */
function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  return ["code" in error ? String(error.code) : "", ...codesOf(error.cause)];
}
