/** Pixels along one side of an image. */
export const SIDE = 28;

/** Grey levels from 0 (paper) to 255 (ink), row by row. */
export type Pixels = Uint8Array;

/** An image as requests and data rows carry it: its pixels, base64. */
export const encodeImage = (pixels: Pixels): string => Buffer.from(pixels).toString("base64");

export const decodeImage = (image: string): Pixels => new Uint8Array(Buffer.from(image, "base64"));

/** What an encoded image lacks; null when it can be read. */
export function imageProblem(image: string): string | null {
  const found = decodeImage(image).length;
  return found === SIDE * SIDE ? null : `holds ${found} pixels, expected ${SIDE * SIDE}, base64`;
}

/** Beyond the edge there is paper. */
export function pixelAt(pixels: Pixels, x: number, y: number): number {
  return x < 0 || y < 0 || x >= SIDE || y >= SIDE ? 0 : (pixels[y * SIDE + x] ?? 0);
}
