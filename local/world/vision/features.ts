import { decodeImage, type Pixels, pixelAt, SIDE } from "./image.ts";

/** Cells along one side, of 7 by 7 pixels each. */
const CELLS = 4;
const CELL_SIDE = SIDE / CELLS;
/** Directions of a stroke's edge that a cell tells apart, over half a turn: 45 degrees each. */
const DIRECTIONS = 4;
/** Grey levels of a gradient below which there is no edge. */
const LEAST_EDGE = 25;
/** Grey level of a stroke, rather than of paper or a speckle. */
const HALF_INK = 128;

/**
 * Histograms of oriented gradients: how much edge of each direction each cell holds, after a blur of 3 by 3 pixels, scaled
 * to length 1. 64 numbers from 0 to 1.
 *
 * @see Dalal and Triggs 2005, "Histograms of oriented gradients for human detection", without its overlapping blocks
 */
export function featuresOf(image: string): readonly number[] {
  const soft = blurred(decodeImage(image));
  const features = new Array<number>(CELLS * CELLS * DIRECTIONS).fill(0);
  for (let y = 1; y < SIDE - 1; y += 1) {
    for (let x = 1; x < SIDE - 1; x += 1) {
      const across = pixelAt(soft, x + 1, y) - pixelAt(soft, x - 1, y);
      const down = pixelAt(soft, x, y + 1) - pixelAt(soft, x, y - 1);
      const strength = Math.hypot(across, down);
      if (strength < LEAST_EDGE) continue;
      const turn = (Math.atan2(down, across) + Math.PI) % Math.PI;
      const direction = Math.min(DIRECTIONS - 1, Math.floor((turn / Math.PI) * DIRECTIONS));
      const cell = Math.floor(y / CELL_SIDE) * CELLS + Math.floor(x / CELL_SIDE);
      const at = cell * DIRECTIONS + direction;
      features[at] = (features[at] ?? 0) + strength;
    }
  }
  const length = Math.hypot(...features);
  return length === 0 ? features : features.map((value) => value / length);
}

/**
 * What drift of images is measured on: `ink`, the mean grey level from 0 to 1; `speckle`, the mean step between
 * neighbouring pixels from 0 to 1; `slant`, how far what is at least half ink leans, as columns to the right per row up.
 */
export function describeImage(image: string): Readonly<Record<"ink" | "speckle" | "slant", number>> {
  const pixels = decodeImage(image);
  let sum = 0;
  let steps = 0;
  for (let y = 0; y < SIDE; y += 1) {
    for (let x = 0; x < SIDE; x += 1) {
      const value = pixelAt(pixels, x, y);
      sum += value;
      if (x > 0) steps += Math.abs(value - pixelAt(pixels, x - 1, y));
    }
  }
  return {
    ink: sum / (255 * SIDE * SIDE),
    speckle: steps / (255 * SIDE * (SIDE - 1)),
    slant: slantOf(pixels),
  };
}

/** From the second moments about the middle; 0 for an empty image. */
function slantOf(pixels: Pixels): number {
  const moment = (of: (x: number, y: number) => number) => {
    let sum = 0;
    for (let y = 0; y < SIDE; y += 1)
      for (let x = 0; x < SIDE; x += 1) if (pixelAt(pixels, x, y) >= HALF_INK) sum += of(x, y);
    return sum;
  };
  const mass = moment(() => 1);
  if (mass === 0) return 0;
  const middleX = moment((x) => x) / mass;
  const middleY = moment((_, y) => y) / mass;
  const shared = moment((x, y) => (x - middleX) * (middleY - y));
  const height = moment((_, y) => (y - middleY) ** 2);
  return height === 0 ? 0 : shared / height;
}

function blurred(pixels: Pixels): Pixels {
  const soft = new Uint8Array(SIDE * SIDE);
  for (let y = 0; y < SIDE; y += 1) {
    for (let x = 0; x < SIDE; x += 1) {
      let sum = 0;
      for (let down = -1; down <= 1; down += 1)
        for (let across = -1; across <= 1; across += 1) sum += pixelAt(pixels, x + across, y + down);
      soft[y * SIDE + x] = Math.round(sum / 9);
    }
  }
  return soft;
}
