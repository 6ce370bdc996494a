/**
 * JSON text of a value of any depth. `JSON.stringify` is recursive and gives up at some ten thousand levels, which a
 * hostile sender fits into 100 KB; a payload is kept whole all the same.
 *
 * @param value - what `JSON.parse` gave: no cycles
 */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return deepText(value);
  }
}

/** Text that is ready, or a value that is still to be written. */
type Pending = { text: string } | { value: unknown };

function deepText(root: unknown): string {
  const written: string[] = [];
  const pending: Pending[] = [{ value: root }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    if ("text" in next) written.push(next.text);
    else if (typeof next.value !== "object" || next.value === null) {
      written.push(JSON.stringify(next.value) ?? "null");
    } else {
      const parts = Array.isArray(next.value) ? list(next.value) : object(next.value);
      // The last pushed is the first written. No spread: it would be as many arguments.
      for (const part of parts.reverse()) pending.push(part);
    }
  }
  return written.join("");
}

function list(items: readonly unknown[]): Pending[] {
  const inner = items.flatMap((value, index): Pending[] => [{ text: index === 0 ? "[" : "," }, { value }]);
  return [...inner, { text: inner.length === 0 ? "[]" : "]" }];
}

function object(value: object): Pending[] {
  const inner = Object.entries(value).flatMap(([key, member], index): Pending[] => [
    { text: `${index === 0 ? "{" : ","}${JSON.stringify(key)}:` },
    { value: member },
  ]);
  return [...inner, { text: inner.length === 0 ? "{}" : "}" }];
}
