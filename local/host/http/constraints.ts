import { IndexingError } from "../errors.ts";

type Test = (value: string) => boolean;

const integerBetween =
  (least: bigint, most: bigint): Test =>
  (value) =>
    /^[+-]?\d{1,20}$/.test(value) &&
    BigInt(value.replace("+", "")) >= least &&
    BigInt(value.replace("+", "")) <= most;

const isDecimal: Test = (value) => /^[+-]?(\d[\d,]*(\.\d*)?|\.\d+)$/.test(value);
const isNumber: Test = (value) => isDecimal(value.replace(/e[+-]?\d+$/i, ""));

const WITHOUT_ARGUMENTS: Readonly<Record<string, Test>> = {
  int: integerBetween(-(2n ** 31n), 2n ** 31n - 1n),
  long: integerBetween(-(2n ** 63n), 2n ** 63n - 1n),
  bool: (value) => /^(true|false)$/i.test(value),
  datetime: (value) => /\d/.test(value) && !Number.isNaN(Date.parse(value)),
  decimal: isDecimal,
  double: isNumber,
  float: isNumber,
  guid: (value) =>
    /^([\da-f]{32}|(?:\{(?=.*\}$)|\((?=.*\)$)|(?=.*[\da-f]$))[\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}[)}]?)$/i.test(
      value,
    ),
  alpha: (value) => /^[a-z]*$/i.test(value),
  required: (value) => value !== "",
};

const WITH_NUMBERS: Readonly<
  Record<string, { readonly counts: readonly number[]; readonly make: (...limits: number[]) => Test }>
> = {
  min: { counts: [1], make: (least = 0) => atNumber((value) => value >= least) },
  max: { counts: [1], make: (most = 0) => atNumber((value) => value <= most) },
  range: { counts: [2], make: (least = 0, most = 0) => atNumber((value) => value >= least && value <= most) },
  minlength: {
    counts: [1],
    make:
      (least = 0) =>
      (value) =>
        value.length >= least,
  },
  maxlength: {
    counts: [1],
    make:
      (most = 0) =>
      (value) =>
        value.length <= most,
  },
  length: {
    counts: [1, 2],
    make:
      (least = 0, most = least) =>
      (value) =>
        value.length >= least && value.length <= most,
  },
};

/**
 * A route constraint such as `int`, `min(1)` or `regex(^a)`.
 *
 * @throws {IndexingError} when there is none of that name or its arguments are wrong
 */
export function parseConstraint(text: string): Test {
  const [, name = "", list] = /^(\w+)(?:\((.*)\))?$/s.exec(text) ?? [];
  const key = name.toLowerCase();
  if (key === "regex" && list !== undefined) return matching(list);
  const plain = Object.hasOwn(WITHOUT_ARGUMENTS, key) ? WITHOUT_ARGUMENTS[key] : undefined;
  if (plain && list === undefined) return plain;
  const numeric = Object.hasOwn(WITH_NUMBERS, key) ? WITH_NUMBERS[key] : undefined;
  const limits = list?.split(",").map(Number) ?? [];
  if (numeric?.counts.includes(limits.length) && limits.every(Number.isInteger))
    return numeric.make(...limits);
  const known = [...Object.keys(WITHOUT_ARGUMENTS), ...Object.keys(WITH_NUMBERS), "regex"].join(", ");
  throw new IndexingError(
    `route constraint '${text}' cannot be read, expected one of ${known} with its arguments.`,
  );
}

function atNumber(test: (value: number) => boolean): Test {
  return (value) => /^[+-]?\d+$/.test(value) && test(Number(value));
}

function matching(expression: string): Test {
  try {
    const pattern = new RegExp(expression.replaceAll("{{", "{").replaceAll("}}", "}"), "i");
    return (value) => pattern.test(value);
  } catch (error) {
    throw new IndexingError(`route constraint 'regex(${expression})' is not a pattern: ${String(error)}`);
  }
}
