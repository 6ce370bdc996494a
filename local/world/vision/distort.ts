import { type Pixels, pixelAt, SIDE } from "./image.ts";

/**
 * An image as a camera sees it that hangs askew and in poor light: turned about its middle (bilinear), then speckled.
 *
 * @param degrees - clockwise
 * @param noise - greatest change of a pixel, as a share of full ink; the change is uniform
 */
export function distort(pixels: Pixels, degrees: number, noise: number, random: () => number): Pixels {
  const angle = (degrees * Math.PI) / 180;
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const middle = (SIDE - 1) / 2;
  const seen = new Uint8Array(SIDE * SIDE);
  for (let y = 0; y < SIDE; y += 1) {
    for (let x = 0; x < SIDE; x += 1) {
      const [right, down] = [x - middle, y - middle];
      const level = between(
        pixels,
        cosine * right + sine * down + middle,
        cosine * down - sine * right + middle,
      );
      const speckled = level + 255 * noise * (2 * random() - 1);
      seen[y * SIDE + x] = Math.round(Math.min(255, Math.max(0, speckled)));
    }
  }
  return seen;
}

/** The grey level at a point between pixels. */
function between(pixels: Pixels, x: number, y: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, down] = [x - left, y - top];
  const row = (at: number) => pixelAt(pixels, left, at) * (1 - right) + pixelAt(pixels, left + 1, at) * right;
  return row(top) * (1 - down) + row(top + 1) * down;
}
