import { PROJECT } from "./organization.ts";
import { DevOpsRefusal } from "./refusal.ts";
import { fieldNamed, tagsOf, type WorkItem } from "./work-items.ts";

export interface Wiql {
  readonly columns: readonly string[];
  readonly sort: readonly { readonly field: string; readonly isDescending: boolean }[];
  readonly matches: (item: WorkItem) => boolean;
}

const QUERY =
  /^\s*SELECT\s+(?<columns>.+?)\s+FROM\s+WorkItems(?:\s+WHERE\s+(?<where>.+?))?(?:\s+ORDER\s+BY\s+(?<order>.+?))?\s*$/is;
const CONDITION =
  /^\s*\[?(?<field>[\w.]+)\]?\s*(?<op>=|<>|>=|<=|>|<|\bNOT\s+CONTAINS\b|\bCONTAINS\b|\bNOT\s+IN\b|\bIN\b)\s*(?<value>\((?:[^()]*)\)|'(?:[^']|'')*'|-?\d+|@project)\s*(?<rest>.*)$/is;

/**
 * Reads a flat query: `SELECT … FROM WorkItems WHERE [Field] op value AND … ORDER BY …`.
 *
 * @throws {DevOpsRefusal} 400 for any other form, naming the part that cannot be read
 */
export function readWiql(text: string): Wiql {
  const { columns, where, order } = QUERY.exec(text)?.groups ?? {};
  if (columns === undefined) {
    throw refusal(`'${text.slice(0, 60)}' is not 'SELECT fields FROM WorkItems [WHERE …] [ORDER BY …]'`);
  }
  const tests = where === undefined ? [] : readConditions(where);
  return {
    columns: columns.split(",").map(readField),
    sort: (order ?? "").split(",").filter(Boolean).map(readSort),
    matches: (item) => tests.every((test) => test(item)),
  };
}

function readConditions(where: string): ((item: WorkItem) => boolean)[] {
  const tests: ((item: WorkItem) => boolean)[] = [];
  let left = where;
  while (left.trim() !== "") {
    const { field, op, value, rest } = CONDITION.exec(left)?.groups ?? {};
    if (field === undefined || op === undefined || value === undefined || rest === undefined) {
      throw refusal(
        `the condition at '${left.trim().slice(0, 60)}' is not simulated: expected [Field] op value`,
      );
    }
    tests.push(readTest(fieldNamed(field), op.toUpperCase().replaceAll(/\s+/g, " "), value));
    if (rest === "") break;
    const and = /^AND\b(.*)$/is.exec(rest);
    if (!and?.[1])
      throw refusal(`'${rest.slice(0, 60)}' is not simulated: expected AND, and a condition after it`);
    left = and[1];
  }
  return tests;
}

function readTest(field: string, op: string, text: string): (item: WorkItem) => boolean {
  const values = text.startsWith("(")
    ? [...text.matchAll(/'((?:[^']|'')*)'|(-?\d+)/g)].map(([, quoted, bare]) => unquote(quoted ?? bare ?? ""))
    : [text.toLowerCase() === "@project" ? PROJECT.name.toLowerCase() : unquote(text.replace(/^'|'$/g, ""))];
  const [value = ""] = values;
  const read = (item: WorkItem) => fieldText(item, field).toLowerCase();
  const contains = (item: WorkItem) =>
    field === "System.Tags"
      ? tagsOf(item.fields[field]).some((tag) => tag.toLowerCase() === value)
      : read(item).includes(value);
  switch (op) {
    case "=":
      return (item) => read(item) === value;
    case "<>":
      return (item) => read(item) !== value;
    case "IN":
      return (item) => values.includes(read(item));
    case "NOT IN":
      return (item) => !values.includes(read(item));
    case "CONTAINS":
      return contains;
    case "NOT CONTAINS":
      return (item) => !contains(item);
  }
  const compare = (item: WorkItem) => compareValues(read(item), value);
  if (op === ">") return (item) => compare(item) > 0;
  if (op === ">=") return (item) => compare(item) >= 0;
  return op === "<" ? (item) => compare(item) < 0 : (item) => compare(item) <= 0;
}

function unquote(text: string): string {
  return text.replaceAll("''", "'").toLowerCase();
}

function readField(text: string): string {
  return fieldNamed(text.trim().replace(/^\[|\]$/g, ""));
}

function readSort(text: string) {
  const [, field = "", direction = "ASC"] = /^\s*(\[?[\w.]+\]?)(?:\s+(ASC|DESC))?\s*$/i.exec(text) ?? [];
  if (field === "") throw refusal(`'${text.trim()}' is no field to sort by`);
  return { field: readField(field), isDescending: direction.toUpperCase() === "DESC" };
}

/** The items that a query finds, in its order; ids ascending where it says nothing. */
export function select(wiql: Wiql, items: readonly WorkItem[]): WorkItem[] {
  return items.filter(wiql.matches).toSorted((a, b) => {
    for (const { field, isDescending } of wiql.sort) {
      const order = compareValues(fieldText(a, field), fieldText(b, field));
      if (order !== 0) return isDescending ? -order : order;
    }
    return a.id - b.id;
  });
}

function compareValues(a: string, b: string): number {
  const isNumeric = a !== "" && b !== "" && !Number.isNaN(Number(a)) && !Number.isNaN(Number(b));
  return isNumeric ? Number(a) - Number(b) : a < b ? -1 : a > b ? 1 : 0;
}

function fieldText(item: WorkItem, field: string): string {
  if (field === "System.Id") return String(item.id);
  if (field === "System.Rev") return String(item.rev);
  const value = item.fields[field];
  return typeof value === "object" && value !== null && "uniqueName" in value
    ? String(value.uniqueName)
    : String(value ?? "");
}

function refusal(what: string): DevOpsRefusal {
  return new DevOpsRefusal(
    400,
    "SyntaxErrorException",
    `TF51006: The query statement cannot be read: ${what}.`,
  );
}
