/** A string is kept as it is; a comment becomes blanks, so that positions in error messages stay true. */
const STRING_OR_COMMENT = /"(?:\\.|[^"\\\n])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
const STRING_OR_TRAILING_COMMA = /"(?:\\.|[^"\\\n])*"|,(?=\s*[}\]])/g;

/**
 * Parses JSON as host.json allows it: with comments, trailing commas and a byte order mark.
 *
 * @throws {SyntaxError} when the rest is not JSON
 */
export function parseJsonWithComments(text: string): unknown {
  const plain = text
    .replace(/^\uFEFF/, " ")
    .replace(STRING_OR_COMMENT, (found) => (found.startsWith('"') ? found : found.replace(/[^\n]/g, " ")))
    .replace(STRING_OR_TRAILING_COMMA, (found) => (found.startsWith('"') ? found : " "));
  return JSON.parse(plain);
}
