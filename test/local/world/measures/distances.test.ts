import { expect, test } from "vitest";
import { categoricalBuckets, numericalBuckets } from "../../../../local/world/measures/buckets.ts";
import { chiSquaredSurvival, chiSquaredTest } from "../../../../local/world/measures/chi-squared.ts";
import {
  jensenShannonDistance,
  populationStabilityIndex,
} from "../../../../local/world/measures/divergence.ts";
import { MeasureInputError } from "../../../../local/world/measures/input.ts";
import { kolmogorovSmirnovTest } from "../../../../local/world/measures/kolmogorov-smirnov.ts";
import { normalizedWassersteinDistance } from "../../../../local/world/measures/wasserstein.ts";

/** `counts([1, 3], [3, 1])`: two buckets, rows of the reference, then of the current sample. */
const counts = (reference: readonly number[], current: readonly number[]) =>
  reference.map((rows, index) => ({ reference: rows, current: current[index] ?? 0 }));

test("both samples share bins of equal width, as many as Sturges' rule gives for the smaller one", () => {
  // The smaller has 4 values: log2(4) + 1 = 3 bins, from 0 to 9.
  expect(numericalBuckets([0, 1, 2, 3, 6, 8.9], [3, 5, 9, 9])).toEqual([
    { lowerBound: 0, upperBound: 3, reference: 3, current: 0 },
    { lowerBound: 3, upperBound: 6, reference: 1, current: 2 },
    { lowerBound: 6, upperBound: 9, reference: 2, current: 2 },
  ]);
  expect(numericalBuckets([5, 5], [5])).toEqual([{ lowerBound: 5, upperBound: 5, reference: 2, current: 1 }]);
});

test("categories of either sample are counted in both", () => {
  expect(categoricalBuckets(["sun", "rain", "sun"], ["snow", "sun"])).toEqual([
    { category: "rain", reference: 1, current: 0 },
    { category: "snow", reference: 0, current: 1 },
    { category: "sun", reference: 2, current: 1 },
  ]);
});

test.each([
  { what: "equal samples", reference: [1, 3], current: [3, 1], distance: 0 },
  // 0, 2 and 4 have a sample standard deviation of 2, and 3 is one and a half of it.
  {
    what: "a shift by one and a half standard deviations",
    reference: [0, 2, 4],
    current: [3, 5, 7],
    distance: 1.5,
  },
  // A sixth of the mass moves from 4 to 10: 6 / 6 = 1, in standard deviations a half.
  { what: "samples of unequal length", reference: [0, 2, 4], current: [0, 0, 2, 2, 4, 10], distance: 0.5 },
  { what: "a reference that never varies", reference: [5, 5], current: [6, 6], distance: 1000 },
])("the Wasserstein distance of $what is $distance", ({ reference, current, distance }) => {
  expect(normalizedWassersteinDistance(reference, current)).toBeCloseTo(distance, 9);
});

test.each([
  { what: "equal shares", reference: [1, 3], current: [2, 6], distance: 0 },
  { what: "samples that share no bucket", reference: [4, 0], current: [0, 7], distance: 1 },
  // Against the middle of 3/4 and 1/4: log2(4/3) bits, and log2(2/3)/2 + log2(2)/2 bits; half their sum is 0.311278.
  { what: "all in one bucket against half and half", reference: [5, 0], current: [2, 2], distance: 0.557923 },
])("the Jensen-Shannon distance of $what is $distance", ({ reference, current, distance }) => {
  expect(jensenShannonDistance(counts(reference, current))).toBeCloseTo(distance, 6);
});

test.each([
  { what: "equal counts", reference: [1, 3], current: [1, 3], index: 0 },
  // With a row more in each: 2/4 and 4/4 against 4/4 and 2/4, so 0.5 ln 2 twice.
  { what: "swapped counts", reference: [1, 3], current: [3, 1], index: Math.LN2 },
  // 5/4 and 1/4 against 1/4 and 5/4: twice 1 ln 5.
  { what: "samples that share no bucket", reference: [4, 0], current: [0, 4], index: 2 * Math.log(5) },
])("the population stability index of $what is $index", ({ reference, current, index }) => {
  expect(populationStabilityIndex(counts(reference, current))).toBeCloseTo(index, 9);
});

test.each([
  { what: "equal samples", reference: [1, 2], current: [2, 1], statistic: 0, pValue: 1 },
  // Of the 20 orders of three and three rows, 2 keep the samples apart.
  { what: "samples apart", reference: [1, 2, 3], current: [4, 5, 6], statistic: 1, pValue: 0.1 },
  // Of the 3 places that one row can take beside two, 2 are at an end.
  { what: "samples of unequal length", reference: [1, 2], current: [3], statistic: 1, pValue: 2 / 3 },
  // Of 70 orders of four and four rows, 16 never leave both samples two rows apart.
  {
    what: "samples that overlap",
    reference: [1, 2, 3, 4],
    current: [3, 4, 5, 6],
    statistic: 0.5,
    pValue: 54 / 70,
  },
])(
  "the Kolmogorov-Smirnov test of $what gives $statistic, p $pValue",
  ({ reference, current, ...expected }) => {
    const { statistic, pValue } = kolmogorovSmirnovTest(reference, current);
    expect(statistic).toBeCloseTo(expected.statistic, 12);
    expect(pValue).toBeCloseTo(expected.pValue, 12);
  },
);

// Table of the chi-squared distribution: what 5 % of all draws exceed.
test.each([
  { degrees: 1, statistic: 3.841459 },
  { degrees: 2, statistic: 5.991465 },
  { degrees: 3, statistic: 7.814728 },
  { degrees: 4, statistic: 9.487729 },
  { degrees: 10, statistic: 18.307038 },
  { degrees: 99, statistic: 123.225221 },
  { degrees: 100, statistic: 124.342113 },
])(
  "chi-squared of $degrees degrees of freedom exceeds $statistic once in twenty",
  ({ degrees, statistic }) => {
    expect(chiSquaredSurvival(statistic, degrees)).toBeCloseTo(0.05, 6);
  },
);

test("Pearson's test holds counts against the shares of the reference", () => {
  // Expected 50 and 50, found 60 and 40: 100/50 twice.
  const found = chiSquaredTest(counts([10, 10], [60, 40]));
  expect(found).toMatchObject({ statistic: 4, degreesOfFreedom: 1 });
  expect(found.pValue).toBeCloseTo(0.0455003, 6);
  expect(chiSquaredTest(counts([5, 0], [5, 1]))).toMatchObject({ pValue: 0 });
  expect(chiSquaredTest(counts([5, 5], [3, 3]))).toMatchObject({ statistic: 0, pValue: 1 });
});

test.each([
  { what: "an empty reference", run: () => numericalBuckets([], [1]), says: "reference has 0 values" },
  { what: "no number", run: () => numericalBuckets([1], [1, Number.NaN]), says: "current[1] is NaN" },
  {
    what: "no category",
    run: () => categoricalBuckets(["sun"], []),
    says: "current sample 0, expected at least one",
  },
  {
    what: "half a row",
    run: () => jensenShannonDistance(counts([0.5], [1])),
    says: "Bucket 0 counts 0.5 rows",
  },
  { what: "no rows", run: () => populationStabilityIndex([]), says: "The reference has 0 rows" },
  {
    what: "a reference of one value, which has no deviation",
    run: () => normalizedWassersteinDistance([1], [1]),
    says: "reference has 1 values, expected at least 2",
  },
  {
    what: "more rows than Azure takes",
    run: () =>
      kolmogorovSmirnovTest(
        Array.from({ length: 10_000 }, () => 0),
        [1],
      ),
    says: "reference has 10000 values, expected fewer than 10000",
  },
  { what: "a single category", run: () => chiSquaredTest(counts([1], [1])), says: "There is one category" },
  {
    what: "a category of nobody",
    run: () => chiSquaredTest(counts([1, 0], [1, 0])),
    says: "Category 1 holds no row",
  },
])("a measure of $what is refused, with words", ({ run, says }) => {
  expect(run).toThrow(MeasureInputError);
  expect(run).toThrow(says);
});
