import { OuterloopError } from "../errors.ts";

/** One mistake in a policy file: where, what was found, what was expected. */
export type PolicyProblem = { line: number; path: string; found: string; expected: string };

/** A policy file cannot be used. It lists every mistake at once; nothing of it is applied. */
export class PolicyError extends OuterloopError {
  override name = "PolicyError";

  constructor(file: string, problems: readonly PolicyProblem[]) {
    const inOrder = problems.toSorted((a, b) => a.line - b.line);
    const lines = inOrder.map(({ line, path, found, expected }) => {
      return `${file}:${line}: ${path || "(the document)"}: found ${found}, expected ${expected}`;
    });
    super(`The policy cannot be used (${problems.length} to mend):\n${lines.join("\n")}`, {
      file,
      problems: inOrder,
    });
  }
}
