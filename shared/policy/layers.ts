import { isRecord } from "../signals/fields.ts";
import type { Layer, PolicyDocument } from "./document.ts";
import type { Path } from "./yaml-lines.ts";

/** Where a value was written. Lines count from 1. */
export type Source = { file: string; line: number };

/** A layer and where it stands in the document. */
export type LayerAt = { path: Path; tree: Layer };

/**
 * The layers of one model, from the most general to the most specific.
 *
 * @returns null when no pattern matches the model
 */
export function layersFor(document: PolicyDocument, model: string): LayerAt[] | null {
  const own = Object.entries(document.models)
    .filter(([pattern]) => matches(pattern, model))
    .sort(([a], [b]) => specificity(a) - specificity(b));
  const scenario = own.at(-1)?.[1].scenario;
  if (scenario === undefined) return null;
  return [
    { path: ["defaults"], tree: document.defaults ?? {} },
    { path: ["scenarios", scenario], tree: document.scenarios?.[scenario] ?? {} },
    ...own.map(([pattern, tree]) => ({ path: ["models", pattern], tree })),
  ];
}

/** Whether a model's name fits a pattern, in which `*` stands for any run of characters. Linear, whatever the pattern. */
export function matches(pattern: string, model: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return pattern === model;
  if (model.length < first.length + last.length) return false;
  if (!model.startsWith(first) || !model.endsWith(last)) return false;
  let at = first.length;
  const end = model.length - last.length;
  for (const part of rest) {
    const found = model.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** The more characters a pattern names, the more specific it is; a whole name beats every pattern. */
function specificity(pattern: string): number {
  return pattern.includes("*") ? pattern.replaceAll("*", "").length : Number.POSITIVE_INFINITY;
}

/** Lays each tree over the ones before it. Objects merge field by field; lists and values replace. */
export function merge(layers: readonly LayerAt[], source: (path: Path) => Source) {
  const sources: Record<string, Source> = {};
  const tree = layers.reduce<Layer>((below, layer) => {
    return overlay(below, layer.tree, [], (path) => {
      sources[path.join(".")] = source([...layer.path, ...path]);
    });
  }, {});
  return { tree, sources };
}

function overlay(below: Layer, above: Layer, at: Path, wrote: (path: Path) => void): Layer {
  const entries = Object.entries(above).map(([name, value]) => {
    const path = [...at, name];
    if (isRecord(value)) {
      const under = Object.hasOwn(below, name) && isRecord(below[name]) ? below[name] : {};
      return [name, overlay(under, value, path, wrote)];
    }
    wrote(path);
    return [name, value];
  });
  return { ...below, ...Object.fromEntries(entries) };
}
