import { h, type VNode } from "preact";

/** Shades that are told apart, beside paper: fewer than the 255 of the image, so that equal neighbours join. */
const SHADES = 8;

/**
 * A square grey image as SVG, dark ink on white paper in any colour scheme: a run of equal pixels is one stroke of the path
 * of its shade.
 *
 * @param image - grey levels from 0 (paper) to 255 (ink), row by row, base64
 */
export function picture(image: string, title: string): VNode {
  const pixels = Buffer.from(image, "base64");
  const side = Math.floor(Math.sqrt(pixels.length));
  const paths = new Map<number, string>();
  const shadeAt = (x: number, y: number) =>
    x < side ? Math.round(((pixels[y * side + x] ?? 0) / 255) * SHADES) : -1;
  for (let y = 0; y < side; y += 1) {
    for (let x = 0, start = 0; x < side; x += 1) {
      const shade = shadeAt(x, y);
      if (shade === shadeAt(x + 1, y)) continue;
      if (shade > 0)
        paths.set(shade, `${paths.get(shade) ?? ""}M${start} ${y}h${x + 1 - start}v1h-${x + 1 - start}z`);
      start = x + 1;
    }
  }
  return h(
    "svg",
    { class: "picture", viewBox: `0 0 ${side} ${side}`, role: "img", "shape-rendering": "crispEdges" },
    h("title", null, title),
    h("rect", { width: side, height: side, fill: "#ffffff" }),
    [...paths].map(([shade, d]) =>
      h("path", { key: shade, d, fill: `hsl(0 0% ${Math.round(100 - (90 * shade) / SHADES)}%)` }),
    ),
  );
}
