/**
 * The root of every error the product throws on purpose.
 *
 * @param message - where, what was found, what was expected, what to do next; never a secret or a payload body
 * @param details - the same facts for machines
 */
export class OuterloopError extends Error {
  override name = "OuterloopError";
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, details: Readonly<Record<string, unknown>> = {}, options?: ErrorOptions) {
    super(message, options);
    this.details = details;
  }
}
