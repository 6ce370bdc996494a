import type { QueuedMessage } from "./queued-message.ts";

/** Messages in the order of their sequence numbers. New ones come at the end; returned ones go back to their place. */
export class MessageList {
  #items: QueuedMessage[] = [];
  /** Items before it have been taken; cutting them off one by one would make taking slow. */
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  first(): QueuedMessage | undefined {
    return this.#items[this.#head];
  }

  add(message: QueuedMessage): void {
    const at = this.#indexFor(message.seq);
    this.#items.splice(at, 0, message);
  }

  takeFirst(): QueuedMessage | undefined {
    const message = this.#items[this.#head];
    if (!message) return undefined;
    this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return message;
  }

  remove(message: QueuedMessage): void {
    const at = this.#indexFor(message.seq);
    if (this.#items[at] === message) this.#items.splice(at, 1);
  }

  /** Where the first item with this sequence number or a higher one is. */
  #indexFor(seq: number): number {
    const last = this.#items.at(-1);
    if (!last || last.seq < seq || this.size === 0) return this.#items.length;
    let low = this.#head;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const found = this.#items[middle];
      if (found && found.seq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
