import fc from "fast-check";
import { expect, test } from "vitest";
import { numericalBuckets } from "../../../../local/world/measures/buckets.ts";
import { chiSquaredSurvival } from "../../../../local/world/measures/chi-squared.ts";
import {
  jensenShannonDistance,
  populationStabilityIndex,
} from "../../../../local/world/measures/divergence.ts";
import { kolmogorovSmirnovTest } from "../../../../local/world/measures/kolmogorov-smirnov.ts";
import { normalizedWassersteinDistance } from "../../../../local/world/measures/wasserstein.ts";

const value = fc.integer({ min: -50, max: 50 });
const sample = fc.array(value, { minLength: 2, maxLength: 30 });

test("each row is in one bin, whatever the samples", () => {
  fc.assert(
    fc.property(sample, sample, (reference, current) => {
      const buckets = numericalBuckets(reference, current);
      const rows = (side: "reference" | "current") => buckets.reduce((sum, bucket) => sum + bucket[side], 0);
      expect([rows("reference"), rows("current")]).toEqual([reference.length, current.length]);
    }),
  );
});

test("Jensen-Shannon is symmetric from 0 to 1; the stability index is never negative", () => {
  fc.assert(
    fc.property(sample, sample, (reference, current) => {
      const distance = jensenShannonDistance(numericalBuckets(reference, current));
      expect(distance).toBeGreaterThanOrEqual(0);
      expect(distance).toBeLessThanOrEqual(1);
      expect(jensenShannonDistance(numericalBuckets(current, reference))).toBeCloseTo(distance, 9);
      expect(populationStabilityIndex(numericalBuckets(reference, current))).toBeGreaterThanOrEqual(0);
    }),
  );
});

test("Kolmogorov-Smirnov is symmetric, blind to units, and its p-value falls as samples part", () => {
  fc.assert(
    fc.property(sample, sample, (reference, current) => {
      const found = kolmogorovSmirnovTest(reference, current);
      const swapped = kolmogorovSmirnovTest(current, reference);
      expect(swapped.statistic).toBe(found.statistic);
      expect(swapped.pValue).toBeCloseTo(found.pValue, 9);
      const cubes = (values: readonly number[]) => values.map((one) => one ** 3);
      expect(kolmogorovSmirnovTest(cubes(reference), cubes(current))).toEqual(found);
      const apart = kolmogorovSmirnovTest(
        reference,
        current.map((one) => one + 200),
      );
      expect(apart.statistic).toBe(1);
      expect(apart.pValue).toBeLessThanOrEqual(found.pValue);
    }),
  );
});

test("the Wasserstein distance is blind to a shift of both samples, and to their unit", () => {
  fc.assert(
    fc.property(sample, sample, fc.integer({ min: -9, max: 9 }), (reference, current, shift) => {
      fc.pre(new Set(reference).size > 1);
      const distance = normalizedWassersteinDistance(reference, current);
      const moved = (values: readonly number[]) => values.map((one) => one * 9 + shift);
      expect(normalizedWassersteinDistance(moved(reference), moved(current))).toBeCloseTo(distance, 6);
    }),
  );
});

test("a greater chi-squared is never more probable, and one more degree of freedom never makes it less so", () => {
  const degrees = fc.integer({ min: 1, max: 200 });
  fc.assert(
    fc.property(degrees, fc.double({ min: 0, max: 500, noNaN: true }), (freedom, statistic) => {
      const probability = chiSquaredSurvival(statistic, freedom);
      expect(chiSquaredSurvival(statistic + 1, freedom)).toBeLessThanOrEqual(probability + 1e-6);
      expect(chiSquaredSurvival(statistic, freedom + 1)).toBeGreaterThanOrEqual(probability - 1e-6);
    }),
  );
});
