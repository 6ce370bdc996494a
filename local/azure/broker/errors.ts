/** The root of the broker's own errors. */
export class BrokerError extends Error {
  override name = "BrokerError";
  /** The facts of the message, for machines. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, details: Readonly<Record<string, unknown>> = {}, options?: ErrorOptions) {
    super(message, options);
    this.details = details;
  }
}
