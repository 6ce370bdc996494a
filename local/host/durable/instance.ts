/** An instance in memory: its row, its history as the app reads it, and the events that wait for it. */
import { EventType, type HistoryEvent, isFinal, Status } from "./history.ts";
import type { InstanceRow } from "./instance-rows.ts";
import type { EventMessage } from "./messages.ts";

export class Instance {
  row: InstanceRow;
  history: HistoryEvent[];
  inbox: EventMessage[] = [];
  /** One episode at a time: set while one runs. */
  isBusy = false;
  /** Diagnostics already logged, so that a replay does not repeat them. */
  readonly reported = new Set<string>();
  #playedText = "";

  constructor(row: InstanceRow, history: HistoryEvent[] = []) {
    this.row = row;
    this.history = history;
    this.#playedText = toPlayedText(history);
  }

  get isEntity(): boolean {
    return this.row.id.startsWith("@");
  }

  /** The past as elements of a JSON array, every event marked as played. */
  get playedText(): string {
    return this.#playedText;
  }

  /** @returns the events as a JSON array, as the store keeps them */
  append(events: readonly HistoryEvent[]): string {
    const texts = events.map((event) => JSON.stringify(event));
    const comma = this.#playedText && texts.length > 0 ? "," : "";
    this.#playedText += comma + texts.map(played).join(",");
    this.history.push(...events);
    return `[${texts.join(",")}]`;
  }

  reset(history: HistoryEvent[] = []): void {
    this.history = history;
    this.#playedText = toPlayedText(history);
  }

  /**
   * The events that the next episode takes, in order; none when there is nothing to do.
   * While suspended, an instance hears only of its resumption and its end; the rest waits in the inbox.
   */
  nextBatch(): readonly EventMessage[] {
    if (isFinal(this.row.status)) return this.inbox;
    const end = this.inbox.findIndex(({ event }) => event.EventType === EventType.ExecutionTerminated);
    if (end >= 0) return this.inbox.slice(0, end + 1);
    if (this.row.status === Status.Suspended) {
      const resumed = this.inbox.find(({ event }) => event.EventType === EventType.ExecutionResumed);
      return resumed ? [resumed, ...this.inbox.filter((message) => message !== resumed)] : [];
    }
    const pause = this.inbox.findIndex(({ event }) => event.EventType === EventType.ExecutionSuspended);
    if (pause < 0) return [...this.inbox];
    return pause === 0 ? this.inbox.slice(0, 1) : this.inbox.slice(0, pause);
  }
}

function toPlayedText(events: readonly HistoryEvent[]): string {
  return events.map((event) => played(JSON.stringify(event))).join(",");
}

function played(eventText: string): string {
  return `${eventText.slice(0, -1)},"IsPlayed":true}`;
}
