import { asText, type Expression, isTrue, member, type Row, readExpression } from "./expression.ts";
import { QueryError, Reader } from "./tokens.ts";

type Stage = (rows: readonly Row[]) => Row[];

/**
 * Runs a query of the Resource Graph language on rows, one table at a time.
 *
 * @throws {QueryError} for a table, operator or function that is not simulated, and for what cannot be read
 */
export function runQuery(query: string, tables: Readonly<Record<string, () => readonly Row[]>>): Row[] {
  const reader = new Reader(query);
  const { token } = reader;
  const table = reader.takeKind("name").toLowerCase();
  const read = Object.hasOwn(tables, table) ? tables[table] : undefined;
  if (!read) {
    throw new QueryError(
      `the table '${token.text}' is not simulated, expected ${Object.keys(tables).join(", ")}`,
      token,
    );
  }
  const stages: Stage[] = [];
  while (reader.take("|")) stages.push(readStage(reader));
  if (reader.token.kind !== "end") throw new QueryError("expected '|' or the end of the query", reader.token);
  return stages.reduce<Row[]>((rows, stage) => stage(rows), [...read()]);
}

function readStage(reader: Reader): Stage {
  const { token } = reader;
  const operator = reader.takeKind("name").toLowerCase();
  if (operator === "where") {
    const condition = readExpression(reader);
    return (rows) => rows.filter((row) => isTrue(condition(row)));
  }
  if (operator === "extend") {
    const columns = readColumns(reader);
    return (rows) => rows.map((row) => ({ ...row, ...evaluated(columns, row) }));
  }
  if (operator === "project") {
    const columns = readColumns(reader);
    return (rows) => rows.map((row) => evaluated(columns, row));
  }
  if (operator === "mv-expand") return readExpand(reader);
  if (operator === "order" || operator === "sort") return readOrder(reader);
  if (operator === "take" || operator === "limit") {
    const most = Number(reader.takeKind("number"));
    return (rows) => rows.slice(0, most);
  }
  if (operator === "count") return (rows) => [{ Count: rows.length }];
  throw new QueryError(`the operator '${token.text}' is not simulated`, token);
}

/** `name = expression`, or a column or path that gives its own last name. */
function readColumns(reader: Reader): [string, Expression][] {
  const columns: [string, Expression][] = [];
  do {
    const name = reader.takeKind("name");
    if (reader.take("=")) {
      columns.push([name, readExpression(reader)]);
      continue;
    }
    const path = [name];
    while (reader.take(".")) path.push(reader.takeKind("name"));
    const read = (row: Row) => path.reduce<unknown>((value, key) => member(value, key), row);
    columns.push([path.join("_"), read]);
  } while (reader.take(","));
  return columns;
}

const evaluated = (columns: readonly [string, Expression][], row: Row): Row =>
  Object.fromEntries(columns.map(([name, read]) => [name, read(row)]));

/** One row for each element; a row without any is kept with null, as an empty array has it. */
function readExpand(reader: Reader): Stage {
  const name = reader.takeKind("name");
  const read: Expression = reader.take("=") ? readExpression(reader) : (row) => row[name];
  return (rows) =>
    rows.flatMap((row) => {
      const value = read(row);
      const elements = Array.isArray(value) && value.length > 0 ? value : [null];
      return elements.map((element: unknown) => ({ ...row, [name]: element }));
    });
}

function readOrder(reader: Reader): Stage {
  reader.expect("by");
  const keys: { read: Expression; sign: number }[] = [];
  do {
    const read = readExpression(reader);
    // Descending unless told otherwise.
    const isAscending = reader.take("asc");
    if (!isAscending) reader.take("desc");
    keys.push({ read, sign: isAscending ? 1 : -1 });
  } while (reader.take(","));
  return (rows) =>
    rows.toSorted((a, b) => {
      for (const { read, sign } of keys) {
        const order = compare(read(a), read(b));
        if (order !== 0) return sign * order;
      }
      return 0;
    });
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [left, right] = [asText(a), asText(b)];
  return left < right ? -1 : Number(left > right);
}
