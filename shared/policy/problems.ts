import { closest, distance } from "fastest-levenshtein";
import * as z from "zod";
import { isRecord, shown } from "../signals/fields.ts";
import { shapeOf } from "./document.ts";
import type { PolicyProblem } from "./policy-error.ts";
import type { Path } from "./yaml-lines.ts";

/** zod's complaints, each with its line, what was found there and what was expected; all of them. */
export function problemsOf(
  error: z.ZodError,
  schema: z.ZodType,
  value: unknown,
  line: (path: Path) => number,
): PolicyProblem[] {
  return error.issues.flatMap((issue): PolicyProblem[] => {
    const path = issue.path.map(String);
    if (issue.code === "unrecognized_keys") {
      const known = Object.keys(shapeOf(schemaAt(schema, path)));
      return issue.keys.map((key) => ({
        line: line([...path, key]),
        path: [...path, key].join("."),
        found: "an unknown field",
        expected: suggestion(key, known),
      }));
    }
    return [
      {
        line: line(path),
        path: path.join("."),
        found: shown(valueAt(value, path)),
        expected: expectation(issue),
      },
    ];
  });
}

/** The nearest right name, where one is near enough to have been meant; else all of them. */
function suggestion(key: string, known: readonly string[]): string {
  const near = closest(key, known);
  return distance(key, near) <= Math.max(2, key.length / 3) ? `'${near}'` : `one of ${known.join(", ")}`;
}

/** zod's formats in words. */
const FORMATS: Readonly<Record<string, string>> = {
  email: "an e-mail address",
  datetime: "a date and time such as 2026-12-24T00:00:00Z",
};

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") return `a value of type ${issue.expected}`;
  if (issue.code === "invalid_value") {
    const values = issue.values.map(String);
    return values.length === 1 ? String(values[0]) : `one of ${values.join(", ")}`;
  }
  if (issue.code === "invalid_union") return "a value";
  if (issue.code === "invalid_format" && issue.format !== "regex")
    return FORMATS[issue.format] ?? issue.format;
  return issue.message.replace(/^(Invalid input|Too \w+): expected /, "");
}

function schemaAt(schema: z.ZodType, path: Path): z.ZodType {
  return path.reduce<z.ZodType>((at, step) => {
    const core = at instanceof z.ZodOptional || at instanceof z.ZodDefault ? (at.unwrap() as z.ZodType) : at;
    if (core instanceof z.ZodArray) return core.element as z.ZodType;
    if (core instanceof z.ZodRecord) return core.valueType as z.ZodType;
    return shapeOf(core)[String(step)] ?? z.unknown();
  }, schema);
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, step) => {
    if (Array.isArray(at)) return at[Number(step)];
    return isRecord(at) && Object.hasOwn(at, step) ? at[step] : undefined;
  }, value);
}
