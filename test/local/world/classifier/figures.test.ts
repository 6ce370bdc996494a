import { expect, test } from "vitest";
import { errorRateGaps } from "../../../../local/world/classifier/cohorts.ts";
import { poorlyPredicted } from "../../../../local/world/classifier/poorly-predicted.ts";
import { parseSamples } from "../../../../local/world/classifier/sample.ts";
import { classify } from "../../../../local/world/classifier/scorer.ts";
import { LANGUAGE } from "../../../../local/world/language/task.ts";

test("a cohort's gap is its error rate less that of all, and a label with fewer than ten samples is left out", () => {
  const truths = [...Array(10).fill("a"), ...Array(10).fill("b"), ...Array(4).fill("c")];
  // Four of ten are wrong of a, none of b, two of four of c: six of 24 in all.
  const predictions = truths.map((truth, index) => (index < 4 || index >= 22 ? "x" : truth));
  expect(errorRateGaps(predictions, truths)).toEqual([
    { label: "a", samples: 10, errorRate: 0.4, gap: 0.4 - 0.25 },
    { label: "b", samples: 10, errorRate: 0, gap: -0.25 },
  ]);
});

test("the greatest sum wins, and its confidence is its share of the sums between 0 and 1", () => {
  const model = {
    labels: ["a", "b", "c"],
    vocabulary: [],
    weights: [
      [0.1, 0.1],
      [0, 0.3],
      [-0.5, 0.1],
    ],
  };
  // At 2 the sums are 0.3, 0.6 and -0.3, which counts as 0.
  const { label, confidence } = classify(model, [2]);
  expect(label).toBe("b");
  expect(confidence).toBeCloseTo(0.6 / 0.9, 12);
});

test("the least sure of the newest days come first; known, unanswered and unreadable ones not at all", () => {
  const sample = (id: string, date: string, confidence: number) => ({
    id,
    date,
    content: "text",
    answer: { label: "a", confidence },
  });
  const served = [
    sample("old", "2025-03-01", 0.1),
    sample("sure", "2025-03-08", 0.9),
    sample("known", "2025-03-08", 0.2),
    sample("unsure", "2025-03-08", 0.3),
    { ...sample("null", "2025-03-08", 0.1), content: null },
    { id: "unanswered", date: "2025-03-08", content: "text" },
    sample("unsurest", "2025-03-08", 0.25),
  ];
  const found = (most: number) =>
    poorlyPredicted(served, new Set(["known"]), { days: 7, most }).map(({ id }) => id);
  expect(found(2)).toEqual(["unsurest", "unsure"]);
  expect(found(10)).toEqual(["unsurest", "unsure", "sure"]);
});

test.each([
  { line: "{", says: "f:1 is no JSON" },
  { line: '{"id":"1","date":"2025-03-01","text":"a word"}', says: "f:1: label: " },
  { line: '{"id":"1","date":"March","label":"billing","text":"a"}', says: "f:1: date: " },
  {
    line: '{"id":"1","date":"2025-03-01","label":"billing"}',
    says: "f:1: text is undefined, expected text.",
  },
  {
    line: '{"id":"1","date":"2025-03-01","label":"billing","text":"!"}',
    says: "f:1: text holds no word, expected one or more.",
  },
  {
    line: '{"id":"1","date":"2025-03-01","label":"sales","text":"a"}',
    says: "f:1: label is 'sales', expected one of account, billing, delivery, repair, returns.",
  },
])("a row of data is refused by what it lacks: $says", ({ line, says }) => {
  expect(() => parseSamples(`${line}\n`, LANGUAGE, "f")).toThrow(says);
});
