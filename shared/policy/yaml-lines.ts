import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, type Pair } from "yaml";

export type Path = readonly (string | number)[];

/** Where in the file the node at a path stands; the nearest one above it, when it is absent. Lines count from 1. */
export function lineAt(document: Document, lines: LineCounter, path: Path): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const step of path) {
    const resolved: unknown = isAlias(node) ? node.resolve(document) : node;
    const pair = isMap(resolved) ? resolved.items.find((item) => keyOf(item) === String(step)) : undefined;
    if (pair) {
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(resolved) && resolved.items[Number(step)] !== undefined) {
      node = resolved.items[Number(step)];
      offset = startOf(node) ?? offset;
    } else break;
  }
  return lines.linePos(offset).line;
}

function keyOf(pair: Pair): string | undefined {
  return isScalar(pair.key) ? String(pair.key.value) : undefined;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
