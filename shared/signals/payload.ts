import { type ParseOutcome, rejected } from "./outcome.ts";

/** The value inside a body: JSON in UTF-8, with or without a byte order mark. */
export type Payload =
  | { readonly value: unknown }
  | {
      readonly refusal: ParseOutcome;
      /** Whether it may be something else than one JSON value: lines of them. */
      readonly isOtherText: boolean;
    };

/** The most fields that one object may have: a parser builds a wider one at ten times the cost of an ordinary byte. */
const MOST_FIELDS = 2_000;
/** The fewest bytes that a body has for each of its objects and lists: what holds next to nothing costs most a byte. */
const LEAST_NESTED_BYTES = 8;
/** A shorter body costs little whatever it holds; it has no room for so many fields, which are five bytes each: `"":0,`. */
const SHORTEST_EXCESS = MOST_FIELDS * 5;

/** Reads a body as JSON; what is none becomes a rejection that says where it ends to be any. */
export function readJson(rule: string, bytes: Uint8Array): Payload {
  if (bytes.byteLength === 0) {
    return { refusal: rejected(rule, "", "expected JSON, found an empty body"), isOtherText: false };
  }
  const excess = excessOf(bytes);
  if (excess !== undefined) return { refusal: rejected(rule, "", excess), isOtherText: false };
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { value: JSON.parse(text) };
  } catch (error) {
    const isJson = error instanceof SyntaxError;
    const position = isJson ? /position \d+/.exec(error.message)?.[0] : undefined;
    const found = isJson ? `something else${position ? ` at ${position}` : ""}` : "bytes that are not UTF-8";
    return { refusal: rejected(rule, "", `expected JSON, found ${found}`), isOtherText: true };
  }
}

const [QUOTE, BACKSLASH, COLON, OBJECT, OBJECT_END, LIST] = [...'"\\:{}['].map((sign) => sign.charCodeAt(0));

/**
 * What a body has too much of to be built, found without building any of it: a colon outside of a text is a field of
 * the innermost open object.
 */
function excessOf(bytes: Uint8Array): string | undefined {
  if (bytes.byteLength < SHORTEST_EXCESS) return undefined;
  const mostNested = Math.floor(bytes.byteLength / LEAST_NESTED_BYTES);
  const openings: number[] = [];
  const outerFields: number[] = [];
  let fields = 0;
  let nested = 0;
  for (let at = 0; at < bytes.byteLength; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = endOfText(bytes, at);
    } else if (byte === COLON) {
      fields += 1;
      if (fields > MOST_FIELDS) {
        return `expected at most ${MOST_FIELDS} fields in an object, found more in the one at byte ${openings.at(-1) ?? 0}`;
      }
    } else if (byte === OBJECT || byte === LIST) {
      nested += 1;
      if (nested > mostNested) {
        return `expected at most ${mostNested} objects and lists in ${bytes.byteLength} bytes, found more: the next is at byte ${at}`;
      }
      if (byte === LIST) continue;
      openings.push(at);
      outerFields.push(fields);
      fields = 0;
    } else if (byte === OBJECT_END) {
      openings.pop();
      fields = outerFields.pop() ?? 0;
    }
  }
  return undefined;
}

/** @param opening - index of the quote that opens a text @returns index of the one that closes it, or of the end */
function endOfText(bytes: Uint8Array, opening: number): number {
  let at = opening + 1;
  while (at < bytes.byteLength && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}
