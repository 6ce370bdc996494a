/** Words of a text: lower case, letters and digits only; numbers such as an order's become one word. */
export function wordsOf(text: string): string[] {
  return (text.toLowerCase().match(/[a-z]+|\d+/g) ?? []).map((word) => (/^\d/.test(word) ? "#" : word));
}

/** What a text lacks; null when it can be read. */
export function textProblem(text: string): string | null {
  return wordsOf(text).length > 0 ? null : "holds no word, expected one or more";
}

/** Bag of words: how often each word of the vocabulary comes, scaled to length 1. */
export function featuresOf(text: string, vocabulary: readonly string[]): readonly number[] {
  const counts = new Map<string, number>();
  for (const word of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const features = vocabulary.map((word) => counts.get(word) ?? 0);
  const length = Math.hypot(...features);
  return length === 0 ? features : features.map((value) => value / length);
}

/** Words rarer than this in the training texts are chance. */
const LEAST_TEXTS = 3;

/** Every word that comes in three texts or more, in the order of the alphabet. */
export function vocabularyOf(texts: readonly string[]): readonly string[] {
  const seenIn = new Map<string, number>();
  for (const text of texts)
    for (const word of new Set(wordsOf(text))) seenIn.set(word, (seenIn.get(word) ?? 0) + 1);
  return [...seenIn].flatMap(([word, count]) => (count >= LEAST_TEXTS ? [word] : [])).sort();
}

/** What drift of texts is measured on: `words`, how many; `unknown`, the share of words that the model has not learnt. */
export function describeText(
  text: string,
  vocabulary: readonly string[],
): Readonly<Record<"words" | "unknown", number>> {
  const words = wordsOf(text);
  const known = new Set(vocabulary);
  const unknown = words.filter((word) => !known.has(word)).length;
  return { words: words.length, unknown: words.length === 0 ? 1 : unknown / words.length };
}
