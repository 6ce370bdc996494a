/** Answers of the durable HTTP API, and the refusals that its operations throw. */

export interface DurableResponse {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** What the extension says of any bad argument, and of any operation that fails inside. */
export const BAD_ARGUMENT = "One or more of the arguments submitted is incorrect";
export const WENT_WRONG = "Something went wrong while processing your request";

/** A request that cannot be served, with the status that says why. */
export class RefusedError extends Error {
  override name = "RefusedError";
  readonly status: number;
  /** The extension's own words for such a refusal: they come first, the message behind them as the exception's. */
  readonly summary: string | undefined;

  constructor(status: number, message: string, summary?: string) {
    super(message);
    this.status = status;
    this.summary = summary;
  }
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): DurableResponse {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(body),
  };
}

export function empty(status: number): DurableResponse {
  return { status, headers: {}, body: "" };
}

export function text(status: number, body: string): DurableResponse {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}

/** @throws {RefusedError} 400 when the text is not JSON */
export function requireJson(body: string): string {
  try {
    JSON.parse(body);
    return body;
  } catch (error) {
    throw new RefusedError(400, `The request body is not JSON: ${error}.`, "Invalid JSON content");
  }
}
