/** A string is kept as it is; a comment becomes blanks, so that positions in error messages stay true. */
const STRING_OR_COMMENT = /"(?:\\.|[^"\\\n])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
const STRING_OR_TRAILING_COMMA = /"(?:\\.|[^"\\\n])*"|,(?=\s*[}\]])/g;

/**
 * Parses JSON as Azure's settings files are read: with comments, trailing commas and a byte order mark.
 *
 * @throws {SyntaxError} when the rest is not JSON
 */
export function parseLenientJson(text: string): unknown {
  const plain = text
    .replace(/^\uFEFF/, " ")
    .replace(STRING_OR_COMMENT, (found) => (found.startsWith('"') ? found : found.replace(/[^\n]/g, " ")))
    .replace(STRING_OR_TRAILING_COMMA, (found) => (found.startsWith('"') ? found : " "));
  return JSON.parse(plain);
}

/** @returns the line of the first comment, from 1; undefined when there is none */
export function lineOfComment(text: string): number | undefined {
  const comment = text.matchAll(STRING_OR_COMMENT).find(([found]) => !found.startsWith('"'));
  return comment && text.slice(0, comment.index).split("\n").length;
}
