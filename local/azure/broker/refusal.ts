/** Why the broker turns a request down, in the conditions that the client packages know. */
export interface Refusal {
  readonly condition: string;
  readonly description: string;
}

export const refusals = {
  notFound: (address: string): Refusal => ({
    condition: "amqp:not-found",
    description: `The messaging entity '${address}' could not be found.`,
  }),
  notAllowed: (description: string): Refusal => ({ condition: "amqp:not-allowed", description }),
  tooLarge: (found: number, limit: number): Refusal => ({
    condition: "amqp:link:message-size-exceeded",
    description: `The message has ${found} bytes, more than the ${limit} that this entity takes.`,
  }),
  undecodable: (reason: string): Refusal => ({ condition: "amqp:decode-error", description: reason }),
  lockLost: (): Refusal => ({
    condition: "com.microsoft:message-lock-lost",
    description:
      "The lock supplied is invalid. Either the lock expired, or the message has already been removed.",
  }),
  sessionLockLost: (sessionId: string): Refusal => ({
    condition: "com.microsoft:session-lock-lost",
    description: `The lock of session '${sessionId}' is not held by this receiver any more. Accept the session again.`,
  }),
  sessionTaken: (sessionId: string): Refusal => ({
    condition: "com.microsoft:session-cannot-be-locked",
    description: `The session '${sessionId}' is locked by another receiver. Wait until it lets go.`,
  }),
  noSession: (): Refusal => ({
    condition: "com.microsoft:timeout",
    description: "No session with messages became available before the receiver's timeout.",
  }),
  messageNotFound: (sequenceNumber: number): Refusal => ({
    condition: "com.microsoft:message-not-found",
    description: `No deferred message has the sequence number ${sequenceNumber}.`,
  }),
  ruleExists: (name: string): Refusal => ({
    condition: "com.microsoft:entity-already-exists",
    description: `The subscription has a rule '${name}' already. Delete it first, or choose another name.`,
  }),
  noRule: (name: string): Refusal => ({
    condition: "amqp:not-found",
    description: `The messaging entity '${name}' could not be found: the subscription has no such rule.`,
  }),
  noSessionId: (): Refusal => ({
    condition: "amqp:not-allowed",
    description: "The SessionId was not set on a message, and it cannot be sent to the entity.",
  }),
  notScheduled: (sequenceNumbers: readonly number[]): Refusal => ({
    condition: "com.microsoft:message-not-found",
    description: `Messages not found. Missing sequence numbers: ${sequenceNumbers.join(", ")}. Nothing was cancelled.`,
  }),
  noPartition: (hub: string, partition: string): Refusal => ({
    condition: "com.microsoft:argument-out-of-range",
    description: `The event hub '${hub}' has no partition '${partition}'.`,
  }),
  stolen: (epoch: number | null, other: number): Refusal => ({
    condition: "amqp:link:stolen",
    description: `A receiver with epoch ${other} reads this partition; the epoch of this one is ${epoch ?? "not set"}.`,
  }),
  badSelector: (selector: string): Refusal => ({
    condition: "amqp:invalid-field",
    description: `The filter '${selector}' is none on offset, sequence number or enqueued time.`,
  }),
  storeFailed: (): Refusal => ({
    condition: "com.microsoft:server-busy",
    description: "The broker could not write to its file. Its log says why; try again.",
  }),
} as const;
