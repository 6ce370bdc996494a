import { expect, test } from "vitest";
import { plusDays } from "../../../../local/world/calendar.ts";
import { languageNature, shareOfNew } from "../../../../local/world/language/nature.ts";
import { describeText, featuresOf, vocabularyOf, wordsOf } from "../../../../local/world/language/text.ts";

test("words are lower case and without signs, and every number is one word", () => {
  expect(wordsOf("Where is order 4711? It's late!")).toEqual([
    "where",
    "is",
    "order",
    "#",
    "it",
    "s",
    "late",
  ]);
});

test("the vocabulary holds the words of three texts or more, however often a text repeats them", () => {
  expect(vocabularyOf(["b a a", "a b", "a c c c", "b"])).toEqual(["a", "b"]);
});

test("features count the words of the vocabulary, scaled to length 1", () => {
  // 3 and 4, of length 5.
  expect(featuresOf("a a a b b b b z", ["a", "b", "c"])).toEqual([0.6, 0.8, 0]);
  expect(featuresOf("z", ["a", "b"])).toEqual([0, 0]);
});

test("a text is described by its length and the share of words that are not known", () => {
  expect(describeText("a b z z", ["a", "b"])).toEqual({ words: 4, unknown: 0.5 });
});

test("customers ask in the old way until day 14, then 5 % more of them in the new way each day, to 80 %", () => {
  expect([1, 14, 15, 16, 30, 31, 100].map((day) => shareOfNew(day).toFixed(2))).toEqual([
    "0.00",
    "0.00",
    "0.05",
    "0.10",
    "0.80",
    "0.80",
    "0.80",
  ]);
});

test("nature is the same each time, gives 40 requests a day, and knows what each is about", () => {
  const day = plusDays("2025-03-01", 20);
  const samples = languageNature().on(day);
  expect(samples).toHaveLength(40);
  expect(languageNature().on(day)).toEqual(samples);
  for (const { id, label, date } of samples) {
    expect(date).toBe(day);
    expect(languageNature().truthOf(id)).toBe(label);
  }
  expect(languageNature().truthOf("vision-000001")).toBeUndefined();
});
