/**
 * Query parameters as the extension reads them: names in any case, a repeated one joined by commas, and a value that
 * .NET cannot parse counts as absent. That loses a filter without a word on Azure, so here the log has the word.
 *
 * @see Azure/azure-functions-durable-extension, HttpRequestMessageExtensions.cs and HttpApiHandler.cs
 */
import type { HostLog } from "../contract.ts";
import { STATUS_NAMES, type StatusCode } from "./history.ts";
import { LOG_CATEGORY } from "./ids.ts";
import { parseStatus } from "./instance-rows.ts";

export class Query {
  readonly #values = new Map<string, string>();
  readonly #log: HostLog;

  constructor(parameters: URLSearchParams, log: HostLog) {
    this.#log = log;
    for (const [name, value] of parameters) {
      const key = name.trim().toLowerCase();
      const before = this.#values.get(key);
      this.#values.set(key, before === undefined ? value.trim() : `${before},${value.trim()}`);
    }
  }

  text(name: string): string | undefined {
    return this.#values.get(name.toLowerCase());
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.text(name)?.toLowerCase();
    if (value === "true" || value === "false") return value === "true";
    return this.#passOver(name, "true or false") ?? otherwise;
  }

  /** A whole number that fits into an `int`. */
  count(name: string): number | undefined {
    const value = this.text(name);
    if (value !== undefined && /^[+-]?\d+$/.test(value) && Math.abs(Number(value)) < 2 ** 31)
      return Number(value);
    return this.#passOver(name, "a whole number");
  }

  seconds(name: string): number | undefined {
    const value = this.text(name);
    if (value !== undefined && value !== "" && Number.isFinite(Number(value))) return Number(value);
    return this.#passOver(name, "a number of seconds");
  }

  /** Milliseconds since the epoch. */
  time(name: string): number | undefined {
    const time = Date.parse(this.text(name) ?? "");
    return Number.isNaN(time) ? this.#passOver(name, "a time in ISO 8601") : time;
  }

  /** Statuses by name, in exactly that case, or by code. */
  statuses(name: string): StatusCode[] {
    return (this.text(name) ?? "").split(",").flatMap((part) => {
      const status = parseStatus(part.trim());
      if (status !== undefined) return [status];
      if (part.trim() !== "") this.#passOver(name, `statuses out of ${STATUS_NAMES.join(", ")}`);
      return [];
    });
  }

  #passOver(name: string, expected: string): undefined {
    const value = this.text(name);
    if (!value) return;
    this.#log(
      "warning",
      LOG_CATEGORY,
      `${name}: '${value}' is passed over, as on Azure, and the answer is what it is without it. Expected ${expected}.`,
    );
  }
}
