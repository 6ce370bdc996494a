import { IndexingError } from "../errors.ts";
import { decodePathPart } from "../url-path.ts";
import { parseConstraint } from "./constraints.ts";

interface Parameter {
  readonly name: string;
  readonly isOptional: boolean;
  readonly isCatchAll: boolean;
  readonly defaultValue: string | undefined;
  readonly tests: readonly ((value: string) => boolean)[];
}

/** One part between slashes: literals and parameters, and the pattern they form together. */
interface Segment {
  readonly pattern: RegExp;
  readonly parameters: readonly Parameter[];
  readonly mayBeAbsent: boolean;
  readonly isCatchAll: boolean;
}

export interface RouteTemplate {
  /** Parameter values as texts, decoded; `undefined` when the path is another one. */
  match(path: readonly string[]): Record<string, string> | undefined;
}

/** The parts of a URL's path, decoded but for escaped slashes; `undefined` when an escape in it is broken. */
export function splitPath(pathname: string): string[] | undefined {
  try {
    const trimmed = pathname.replace(/^\/|\/$/g, "");
    return trimmed === "" ? [] : trimmed.split("/").map(decodePathPart);
  } catch {
    return undefined;
  }
}

/**
 * Reads an ASP.NET route template: `{x}`, `{x?}`, `{x=v}`, `{*x}`, `{x:int:min(1)}` and literals, also mixed in one segment.
 *
 * @throws {IndexingError} when the template is malformed
 */
export function parseTemplate(template: string): RouteTemplate {
  const segments = splitTemplate(template).map((text) => parseSegment(template, text));
  const early = segments.slice(0, -1).find((segment) => segment.isCatchAll);
  if (early) throw new IndexingError(`route '${template}': a catch-all parameter must be the last segment.`);
  return { match: (path) => matchSegments(segments, path) };
}

function matchSegments(
  segments: readonly Segment[],
  path: readonly string[],
): Record<string, string> | undefined {
  const values: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const part = segment.isCatchAll ? path.slice(index).join("/") : path[index];
    if (!readSegment(segment, part === "" ? undefined : part, values)) return undefined;
  }
  return segments.at(-1)?.isCatchAll || path.length <= segments.length ? values : undefined;
}

function readSegment(segment: Segment, part: string | undefined, values: Record<string, string>): boolean {
  if (part === undefined) {
    for (const { name, defaultValue } of segment.parameters) {
      if (defaultValue !== undefined) values[name] = defaultValue;
    }
    return segment.mayBeAbsent;
  }
  const found = segment.pattern.exec(part);
  if (!found) return false;
  return segment.parameters.every(({ name, tests }, index) => {
    const value = found[index + 1] ?? "";
    values[name] = value;
    return tests.every((test) => test(value));
  });
}

function parseSegment(template: string, text: string): Segment {
  const parameters: Parameter[] = [];
  let pattern = "";
  for (const piece of pieces(template, text)) {
    if (typeof piece === "string") {
      pattern += piece.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    } else {
      pattern += piece.isCatchAll ? "(.*)" : parameters.length === 0 ? "(.+)" : "(.+?)";
      parameters.push(piece);
    }
  }
  const [only] = parameters;
  const isWhole = parameters.length === 1 && (pattern === "(.+)" || pattern === "(.*)");
  const mayBeAbsent =
    isWhole && only !== undefined && (only.isOptional || only.isCatchAll || only.defaultValue !== undefined);
  return {
    pattern: new RegExp(`^${pattern}$`, "is"),
    parameters,
    mayBeAbsent,
    isCatchAll: isWhole && only?.isCatchAll === true,
  };
}

/** Splits at slashes outside braces: a constraint's pattern may hold one. */
function splitTemplate(template: string): string[] {
  const parts = template.replace(/^\/|\/$/g, "").match(/(?:\{(?:\{\{|\}\}|[^{}])*\}|[^/{}])+/g) ?? [];
  if (parts.join("/") !== template.replace(/^\/|\/$/g, "")) {
    throw new IndexingError(`route '${template}' cannot be read: empty segment or unbalanced brace.`);
  }
  return parts;
}

function pieces(template: string, segment: string): (string | Parameter)[] {
  const found = segment.match(/\{(?:\{\{|\}\}|[^{}])*\}|[^{}]+/g) ?? [];
  return found.map((piece) => (piece.startsWith("{") ? parseParameter(template, piece.slice(1, -1)) : piece));
}

function parseParameter(template: string, text: string): Parameter {
  const match = /^(\*{0,2})(\w[\w-]*)((?::\w+(?:\((?:[^()]|\([^()]*\))*\))?)*)(\?|=.*)?$/s.exec(text);
  if (!match) throw new IndexingError(`route '${template}': parameter '{${text}}' cannot be read.`);
  const [, stars = "", name = "", constraints = "", tail = ""] = match;
  const tests = (constraints.match(/\w+(?:\((?:[^()]|\([^()]*\))*\))?/g) ?? []).map(parseConstraint);
  return {
    name,
    isCatchAll: stars !== "",
    isOptional: tail === "?",
    defaultValue: tail.startsWith("=") ? tail.slice(1) : undefined,
    tests,
  };
}
