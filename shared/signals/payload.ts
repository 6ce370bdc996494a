import { type ParseOutcome, rejected } from "./outcome.ts";

/** The value inside a body: JSON in UTF-8, with or without a byte order mark. */
export type Payload = { readonly value: unknown } | { readonly refusal: ParseOutcome };

/** Reads a body as JSON; what is none becomes a rejection that says where it ends to be any. */
export function readJson(rule: string, bytes: Uint8Array): Payload {
  if (bytes.byteLength === 0) return { refusal: rejected(rule, "", "expected JSON, found an empty body") };
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { value: JSON.parse(text) };
  } catch (error) {
    const isJson = error instanceof SyntaxError;
    const position = isJson ? /position \d+/.exec(error.message)?.[0] : undefined;
    const found = isJson ? `something else${position ? ` at ${position}` : ""}` : "bytes that are not UTF-8";
    return { refusal: rejected(rule, "", `expected JSON, found ${found}`) };
  }
}
