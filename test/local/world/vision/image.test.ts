import { expect, test } from "vitest";
import { distort } from "../../../../local/world/vision/distort.ts";
import { describeImage, featuresOf } from "../../../../local/world/vision/features.ts";
import { encodeImage, imageProblem, SIDE } from "../../../../local/world/vision/image.ts";
import { cameraOn, visionNature } from "../../../../local/world/vision/nature.ts";

/** Full ink where `is` says so. */
function drawn(is: (x: number, y: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: SIDE * SIDE }, (_, at) =>
    is(at % SIDE, Math.floor(at / SIDE)) ? 255 : 0,
  );
}

const upright = drawn((x) => x === 13);

test("ink is the mean grey level, speckle the mean step between neighbours, slant 0 for an upright line", () => {
  const { ink, speckle, slant } = describeImage(encodeImage(upright));
  // One of 28 columns is ink, and of 27 steps in a row two are whole.
  expect(ink).toBeCloseTo(1 / 28, 12);
  expect(speckle).toBeCloseTo(2 / 27, 12);
  expect(slant).toBe(0);
});

test("a line that goes one column to the right per row up has slant 1", () => {
  expect(describeImage(encodeImage(drawn((x, y) => x === 27 - y))).slant).toBeCloseTo(1, 12);
});

test("an empty image has no slant and no feature, an upright line has edges across alone", () => {
  const empty = encodeImage(drawn(() => false));
  expect(describeImage(empty)).toEqual({ ink: 0, speckle: 0, slant: 0 });
  expect(featuresOf(empty).every((value) => value === 0)).toBe(true);
  const features = featuresOf(encodeImage(upright));
  expect(features).toHaveLength(64);
  // Of each cell's four directions the first is that of an edge across, from 0 to 45 degrees. In the outer rows of cells
  // the line has ends, which are edges too: the two middle rows are looked at.
  const middle = features.slice(16, 48);
  expect(middle.filter((value, at) => at % 4 !== 0 && value > 0)).toEqual([]);
  expect(middle.filter((value) => value > 0.3)).toHaveLength(4);
  expect(Math.hypot(...features)).toBeCloseTo(1, 12);
});

test("an image that is not turned stays as it is, and a quarter turn clockwise lays an upright line down", () => {
  const still = () => 0.5;
  expect(distort(upright, 0, 0, still)).toEqual(upright);
  // Columns 13 and 14 mirror each other about the middle: the line of column 13 lies in row 13 after a quarter turn.
  expect(distort(upright, 90, 0, still)).toEqual(drawn((_, y) => y === 13));
});

test("noise changes a pixel by at most its share of full ink, and never beyond paper and ink", () => {
  const grey = new Uint8Array(SIDE * SIDE).fill(100);
  expect(distort(grey, 0, 0.2, () => 1)[400]).toBe(151);
  expect(distort(grey, 0, 0.2, () => 0)[400]).toBe(49);
  expect(distort(grey, 0, 1, () => 0)[400]).toBe(0);
});

test("the camera hangs straight until day 14, and turns by two degrees a day from then on, to thirty", () => {
  expect(cameraOn(14)).toEqual({ degrees: 0, noise: 0 });
  expect(cameraOn(15)).toEqual({ degrees: 2, noise: 0.02 });
  expect(cameraOn(29)).toEqual({ degrees: 30, noise: 0.3 });
  expect(cameraOn(60)).toEqual({ degrees: 30, noise: 0.3 });
});

test("nature shows every digit four times a day, and an image that is no square of 28 is told so", () => {
  const labels = visionNature()
    .on("2025-03-20")
    .map(({ label }) => label);
  for (const digit of "0123456789") expect(labels.filter((label) => label === digit)).toHaveLength(4);
  expect(imageProblem("AAAA")).toBe("holds 3 pixels, expected 784, base64");
});
