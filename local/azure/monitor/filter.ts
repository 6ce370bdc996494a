/** What a `$filter` says of one dimension. */
export interface DimensionFilter {
  readonly dimension: string;
  isWanted(value: string): boolean;
  /** Whether it chooses without splitting. */
  readonly isRolledUp?: boolean;
}

const TOKEN = /\s*(?:([()])|'((?:[^']|'')*)'|([A-Za-z_][\w.-]*))/y;

/**
 * Reads `deployment eq 'blue' and statusCodeClass eq '*'`, with `ne`, `or` within one dimension, and parentheses.
 *
 * @throws {SyntaxError} naming what was found instead
 */
export function parseFilter(text: string): DimensionFilter[] {
  const tokens = tokenize(text).filter((token) => token.text !== "(" && token.text !== ")");
  const wanted = new Map<string, { eq: Set<string>; ne: Set<string> }>();
  let previous: string | undefined;
  for (let at = 0; at < tokens.length; at += 4) {
    const [name, operator, value, join] = tokens.slice(at, at + 4);
    const operation = operator?.text.toLowerCase();
    if (!name || name.isValue || (operation !== "eq" && operation !== "ne") || !value?.isValue) {
      throw new SyntaxError("each clause must be: dimension, then eq or ne, then a value in single quotes");
    }
    const dimension = name.text.toLowerCase();
    const joinedBy = tokens[at - 1]?.text.toLowerCase();
    if (joinedBy === "or" && previous !== dimension) {
      throw new SyntaxError("'or' may join values of one dimension only");
    }
    const values = wanted.get(dimension) ?? { eq: new Set(), ne: new Set() };
    values[operation].add(value.text.toLowerCase());
    wanted.set(dimension, values);
    previous = dimension;
    if (join && (!/^(and|or)$/i.test(join.text) || at + 4 >= tokens.length)) {
      throw new SyntaxError(`after a clause comes 'and' or 'or' and another clause, found '${join.text}'`);
    }
  }
  return [...wanted].map(([dimension, { eq, ne }]) => ({
    dimension,
    isWanted: (value) => {
      const folded = value.toLowerCase();
      return (eq.size === 0 || eq.has("*") || eq.has(folded)) && !ne.has(folded);
    },
  }));
}

function tokenize(text: string): { text: string; isValue: boolean }[] {
  const tokens: { text: string; isValue: boolean }[] = [];
  const trimmed = text.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < trimmed.length) {
    const from = TOKEN.lastIndex;
    const [, mark, value, word] = TOKEN.exec(trimmed) ?? [];
    if (value !== undefined) tokens.push({ text: value.replaceAll("''", "'"), isValue: true });
    else if (mark ?? word) tokens.push({ text: mark ?? word ?? "", isValue: false });
    else throw new SyntaxError(`cannot read '${trimmed.slice(from, from + 20)}'`);
  }
  return tokens;
}
