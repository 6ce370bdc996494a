import { SampleStream } from "../sample-stream.ts";
import { seededRandom } from "../seeded-random.ts";
import { Digits, IMAGES_PER_DIGIT } from "./digits.ts";
import { distort } from "./distort.ts";
import { encodeImage } from "./image.ts";
import { VISION } from "./task.ts";

const TRAINING_SIZE = 800;
const PER_DAY = 40;
const DIGITS = 10;

/** The first day on which the camera hangs askew. */
export const DRIFT_FROM_DAY = 15;
const DEGREES_PER_DAY = 2;
const MOST_DEGREES = 30;
const NOISE_PER_DAY = 0.02;
const MOST_NOISE = 0.3;

/** How the camera stands on a day. */
export function cameraOn(day: number): { readonly degrees: number; readonly noise: number } {
  const drifted = Math.max(0, day - DRIFT_FROM_DAY + 1);
  return {
    degrees: Math.min(MOST_DEGREES, drifted * DEGREES_PER_DAY),
    noise: Math.min(MOST_NOISE, drifted * NOISE_PER_DAY),
  };
}

/**
 * Handwritten digits under a camera, 40 a day, each once. Whoever screwed it on did it badly: from day 15 on it turns by
 * two degrees a day, to 30, while its picture gets noisier.
 */
export function visionNature(): SampleStream {
  const digits = new Digits();
  // The package has them by writer: shuffled, a day's hands are like any other day's.
  const images = Array.from({ length: DIGITS }, (_, digit) => shuffled(IMAGES_PER_DIGIT, digit));
  return new SampleStream({
    task: VISION,
    startDate: "2025-03-01",
    trainingSize: TRAINING_SIZE,
    perDay: PER_DAY,
    days: Math.floor((IMAGES_PER_DIGIT * DIGITS - TRAINING_SIZE) / PER_DAY),
    make(place, day) {
      const round = Math.floor(place / DIGITS);
      const digit = shuffled(DIGITS, round)[place % DIGITS] ?? 0;
      const image = images[digit]?.[round] ?? 0;
      const { degrees, noise } = cameraOn(day);
      const seen = distort(digits.pixels(digit, image), degrees, noise, seededRandom(place));
      return { content: encodeImage(seen), label: String(digit) };
    },
  });
}

/** The numbers from 0 to below `length`, in an order that follows from the seed. */
function shuffled(length: number, seed: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length }, (_, number) => ({ number, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ number }) => number);
}
