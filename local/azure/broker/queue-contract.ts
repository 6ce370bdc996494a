/** What queues are told, and what they tell: options, settlements, consumers. */
import type { Refusal } from "./refusal.ts";

export interface QueueOptions {
  /** Lower case, e.g. `signals`, `signals/$deadletterqueue`, `events/subscriptions/audit`. */
  readonly path: string;
  readonly requiresSession: boolean;
  readonly lockMs: number;
  /** 0: no limit. */
  readonly maxDeliveryCount: number;
  /** Longest time to live, for messages that name none or a longer one; `null`: no limit. */
  readonly defaultTtlMs: number | null;
  readonly deadLetterOnExpiration: boolean;
  /** `null`: duplicates are not looked for. */
  readonly duplicateWindowMs: number | null;
}

/** How a receiver ends its hold on a message. */
export type Settlement =
  | { readonly kind: "complete" }
  | { readonly kind: "abandon"; readonly properties: Readonly<Record<string, unknown>> }
  | { readonly kind: "defer"; readonly properties: Readonly<Record<string, unknown>> }
  | { readonly kind: "release" }
  | { readonly kind: "deadLetter"; readonly properties: Readonly<Record<string, unknown>> };

/** Told when a message is ready; it takes what it has credit for. */
export interface Consumer {
  onReady(): void;
}

/** Called once the outcome is on disk, with the reason when there is none. */
export type Done = (refusal?: Refusal) => void;
