/** What a place in a query is: lines count from 1, positions in a line from 0, as the service counts them. */
export interface Position {
  readonly line: number;
  readonly pos: number;
}

/** The query is no query of the language, or has an operator that is not simulated. */
export class KqlSyntaxError extends Error {
  override name = "KqlSyntaxError";
  readonly token: string;
  readonly at: Position;

  /** @param why - what was expected instead */
  constructor(token: string, at: Position, why: string) {
    super(`Query could not be parsed at '${token}' on line [${at.line},${at.pos}]: ${why}`);
    this.token = token;
    this.at = at;
  }
}

/** The query is well formed, and says something that cannot be: an unknown column, a comparison of text and number. */
export class KqlSemanticError extends Error {
  override name = "KqlSemanticError";
  readonly code: string;

  /** @param code - as the service numbers them, e.g. `SEM0100` for a name that cannot be resolved */
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
