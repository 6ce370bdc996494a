import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Pixels, SIDE } from "./image.ts";

/** The rarest digit of the package comes 863 times. */
export const IMAGES_PER_DIGIT = 863;

const SIZE = SIDE * SIDE;
const ZERO = 48;
const POINT = 46;

/** Handwritten digits of the MNIST database (package mnist: 10 000 of them), a digit's file read when it is first asked for. */
export class Digits {
  readonly #folder = join(dirname(createRequire(import.meta.url).resolve("mnist")), "digits");
  readonly #pixels = new Map<number, Pixels>();

  /** @param index - from 0 to {@link IMAGES_PER_DIGIT} - 1 */
  pixels(digit: number, index: number): Pixels {
    let all = this.#pixels.get(digit);
    if (!all) {
      all = greyLevels(readFileSync(join(this.#folder, `${digit}.json`)));
      this.#pixels.set(digit, all);
    }
    return all.subarray(index * SIZE, (index + 1) * SIZE);
  }
}

/**
 * The numbers of `{"data": [0, 0.992, …]}`, shares of full ink to three decimals, as grey levels. Read by hand: as JSON
 * the ten files of 2 MB become 8 million numbers, and take ten times as long.
 */
function greyLevels(json: Uint8Array): Pixels {
  const levels = new Uint8Array(IMAGES_PER_DIGIT * SIZE);
  let found = 0;
  let value = 0;
  let unit = 1;
  for (let at = json.indexOf(91) + 1; at > 0 && at < json.length && found < levels.length; at += 1) {
    const byte = json[at] ?? 0;
    if (byte >= ZERO && byte < ZERO + 10) {
      if (unit < 1) value += (byte - ZERO) * unit;
      else value = value * 10 + byte - ZERO;
      if (unit < 1) unit /= 10;
    } else if (byte === POINT) {
      unit = 0.1;
    } else {
      levels[found] = Math.round(value * 255);
      found += 1;
      value = 0;
      unit = 1;
    }
  }
  return levels;
}
