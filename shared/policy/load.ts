import { type Document, LineCounter, parseDocument } from "yaml";
import { canonicalJson, sha256 } from "../canonical.ts";
import { inconsistencies } from "./consistency.ts";
import { PolicyDocument } from "./document.ts";
import { type LayerAt, layersFor, merge, type Source } from "./layers.ts";
import { PolicyError, type PolicyProblem } from "./policy-error.ts";
import { problemsOf } from "./problems.ts";
import { ModelPolicy } from "./schema.ts";
import { lineAt, type Path } from "./yaml-lines.ts";

export { PolicyError } from "./policy-error.ts";

/** One model's policy, all layers merged, and where each of its values was written. */
export type EffectivePolicy = {
  policy: ModelPolicy;
  /** SHA-256 of the policy's canonical JSON, in hex: which policy a decision was made under. */
  digest: string;
  /** By dotted path, such as `retraining.coolDown`. A value that no layer wrote is the schema's own and absent here. */
  sources: Record<string, Source>;
};

export type PolicyBook = {
  /** The names and patterns that have a policy, as written. */
  patterns: readonly string[];
  /**
   * The policy that holds for a model.
   *
   * @returns null when no pattern matches: such a model is not looked after
   * @throws {PolicyError} when patterns that are sound one by one contradict each other for this model
   */
  for(model: string): EffectivePolicy | null;
};

/** Models whose policy is kept ready: merging the layers anew for each signal would cost more than the decision. */
const MOST_KNOWN = 1_000;

/**
 * Reads a whole policy file.
 *
 * @param text - YAML 1.2, as {@link PolicyDocument} describes it
 * @param file - its name, for messages and sources
 * @throws {PolicyError} with every mistake in the file
 */
export function loadPolicy(text: string, file: string): PolicyBook {
  const lines = new LineCounter();
  const yaml = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const line = (path: Path) => lineAt(yaml, lines, path);
  const document = readDocument(yaml, lines, file, line);
  const source = (path: Path): Source => ({ file, line: line(path) });
  const effective = (model: string) => {
    const layers = layersFor(document, model);
    return layers && resolve(layers, source);
  };
  const problems = Object.keys(document.models).flatMap((pattern) => {
    const found = effective(pattern);
    return found && "problems" in found ? found.problems.map((one) => within(pattern, one)) : [];
  });
  if (problems.length > 0) throw new PolicyError(file, problems);
  const known = new Map<string, EffectivePolicy | null>();
  return {
    patterns: Object.keys(document.models),
    for(model) {
      const before = known.get(model);
      if (before !== undefined) return before;
      const found = effective(model);
      if (found && "problems" in found) {
        throw new PolicyError(
          file,
          found.problems.map((one) => within(model, one)),
        );
      }
      // Names come from outside: a stream of new ones must not fill the memory.
      if (known.size >= MOST_KNOWN) known.clear();
      known.set(model, found);
      return found;
    },
  };
}

function readDocument(yaml: Document.Parsed, lines: LineCounter, file: string, line: (path: Path) => number) {
  const broken = yaml.errors.map(
    (error): PolicyProblem => ({
      line: lines.linePos(error.pos[0]).line,
      path: "",
      found: error.message.split("\n")[0] ?? error.code,
      expected: "YAML 1.2",
    }),
  );
  if (broken.length > 0) throw new PolicyError(file, broken);
  const value: unknown = yaml.toJS({ maxAliasCount: 100 });
  const read = PolicyDocument.safeParse(value);
  if (!read.success) throw new PolicyError(file, problemsOf(read.error, PolicyDocument, value, line));
  return read.data;
}

function within(pattern: string, problem: PolicyProblem): PolicyProblem {
  return { ...problem, path: `models.${pattern}: ${problem.path}` };
}

/** Merges the layers and reads them as a whole policy: what is still missing or contradictory is a problem. */
function resolve(
  layers: readonly LayerAt[],
  source: (path: Path) => Source,
): EffectivePolicy | { problems: PolicyProblem[] } {
  const { tree, sources } = merge(layers, source);
  const lastLine = source(layers.at(-1)?.path ?? []).line;
  const lineOf = (path: Path) => sources[path.join(".")]?.line ?? lastLine;
  const read = ModelPolicy.safeParse(tree);
  if (!read.success) return { problems: problemsOf(read.error, ModelPolicy, tree, lineOf) };
  const contradictions = inconsistencies(read.data).map((one) => ({
    ...one,
    line: lineOf(nearest(one.path, sources)),
  }));
  if (contradictions.length > 0) return { problems: contradictions };
  return { policy: read.data, digest: sha256(canonicalJson(read.data)), sources };
}

/** The deepest path at or above this one that some layer wrote. */
function nearest(path: string, sources: Record<string, Source>): Path {
  const steps = path.split(".");
  while (steps.length > 1 && !sources[steps.join(".")]) steps.pop();
  return steps;
}
