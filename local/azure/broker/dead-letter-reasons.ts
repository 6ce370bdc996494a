/** Why the broker itself puts a message among the dead letters, in the service's own words. */
export type DeadLetterReason = Readonly<Record<"DeadLetterReason" | "DeadLetterErrorDescription", string>>;

/** @see https://learn.microsoft.com/azure/service-bus-messaging/service-bus-dead-letter-queues */
export const deadLetterReasons = {
  expired: (): DeadLetterReason => ({
    DeadLetterReason: "TTLExpiredException",
    DeadLetterErrorDescription: "The message expired and was dead lettered.",
  }),
  spent: (deliveries: number): DeadLetterReason => ({
    DeadLetterReason: "MaxDeliveryCountExceeded",
    DeadLetterErrorDescription: `Message could not be consumed after ${deliveries} delivery attempts.`,
  }),
  /** A queue refuses such a message; a subscription gets it from its topic. */
  noSession: (): DeadLetterReason => ({
    DeadLetterReason: "Session ID is null.",
    DeadLetterErrorDescription:
      "Session enabled entity doesn't allow a message whose session identifier is null.",
  }),
} as const;
