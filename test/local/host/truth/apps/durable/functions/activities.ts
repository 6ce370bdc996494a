import { setTimeout } from "node:timers/promises";
import * as df from "durable-functions";

const seen = new Map<string, number>();

/** How often `key` was counted, this time included. */
export function count(key: string): number {
  const times = (seen.get(key) ?? 0) + 1;
  seen.set(key, times);
  return times;
}

df.app.activity("greet", { handler: (city: string) => `Hello ${city}!` });
df.app.activity("echo", { handler: (input: unknown) => input });
df.app.activity("failFirst", {
  handler(key: string) {
    if (count(key) === 1) throw new Error("This activity failed");
    return "succeeded";
  },
});
df.app.activity("failUntil", {
  handler({ key, failures }: { key: string; failures: number }) {
    const times = count(key);
    if (times <= failures) throw new Error(`attempt ${times} fails`);
    return times;
  },
});
df.app.activity("count", { handler: (key: string) => count(key) });
df.app.activity("nap", {
  handler: async (ms: number) => {
    await setTimeout(ms);
    return "slept";
  },
});
df.app.activity("inputKind", {
  handler: (input: unknown) => [Array.isArray(input) ? "array" : typeof input, input],
});
