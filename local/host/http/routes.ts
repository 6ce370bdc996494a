import type { FunctionDefinition } from "../contract.ts";
import { IndexingError, messageOf } from "../errors.ts";
import { isType } from "../worker/registry.ts";
import { parseTemplate, type RouteTemplate, splitPath } from "./template.ts";

export type AuthLevel = "anonymous" | "function" | "admin";

export interface Route {
  readonly function: FunctionDefinition;
  readonly methods: readonly string[];
  readonly authLevel: AuthLevel;
  /** With the prefix, without a leading slash. */
  readonly path: string;
}

export interface RouteMatch {
  readonly route: Route;
  readonly params: Record<string, string>;
}

export interface RouteTable {
  readonly routes: readonly Route[];
  /** Functions that cannot be routed, with the reason. */
  readonly errors: ReadonlyMap<string, string>;
  /** Routes that another function's takes the requests of. */
  readonly warnings: readonly string[];
  match(method: string, pathname: string): RouteMatch | undefined;
}

interface Entry extends Route {
  readonly template: RouteTemplate;
}

/** Functions in the order of their names; the first whose template, constraints and method match wins. */
export function buildRouteTable(functions: readonly FunctionDefinition[], prefix: string): RouteTable {
  const entries: Entry[] = [];
  const errors = new Map<string, string>();
  const http = functions.filter(({ trigger }) => isType(trigger, "httpTrigger"));
  for (const definition of http.toSorted(byName)) {
    try {
      entries.push(toEntry(definition, prefix, entries));
    } catch (error) {
      errors.set(definition.name, `Function '${definition.name}': ${messageOf(error)}`);
    }
  }
  return {
    routes: entries,
    errors,
    warnings: entries.flatMap((entry, place) => shadows(entry, entries.slice(0, place))),
    match(method, pathname) {
      const path = splitPath(pathname);
      if (!path) return undefined;
      for (const route of entries) {
        if (!route.methods.includes(method)) continue;
        const params = route.template.match(path);
        if (params) return { route, params };
      }
      return undefined;
    },
  };
}

function toEntry(definition: FunctionDefinition, prefix: string, earlier: readonly Entry[]): Entry {
  const { route, methods, authLevel } = definition.trigger;
  const text = typeof route === "string" ? route.replace(/^\//, "") : definition.name;
  if (/^(admin|runtime)(\/|$)/i.test(text)) {
    throw new IndexingError(`The specified route conflicts with one or more built in routes: '${text}'.`);
  }
  const path = [prefix.replace(/^\/|\/$/g, ""), text].filter((part) => part !== "").join("/");
  const allowed =
    Array.isArray(methods) && methods.length > 0
      ? methods.map((method) => String(method).toUpperCase())
      : ANY;
  const rival = earlier.find(
    (other) =>
      other.path.toLowerCase() === path.toLowerCase() &&
      other.methods.some((method) => allowed.includes(method)),
  );
  if (rival) {
    throw new IndexingError(
      `The route specified conflicts with the route defined by function '${rival.function.name}'.`,
    );
  }
  return {
    function: definition,
    methods: allowed,
    authLevel: toLevel(authLevel),
    path,
    template: parseTemplate(path),
  };
}

/** Tells of earlier routes that take every request of a later one, which is then never reached. */
function shadows(entry: Entry, earlier: readonly Entry[]): string[] {
  const byRival = Map.groupBy(entry.methods, (method) =>
    earlier.find((other) => other.methods.includes(method) && takesAll(other, entry)),
  );
  return [...byRival].flatMap(([rival, methods]) => {
    if (!rival) return [];
    const lost = `Function '${entry.function.name}': ${methods.join(", ")} ${entry.path}`;
    return [
      `${lost} goes to '${rival.function.name}', whose route ${rival.path} comes first by its name, here as in Azure. Constrain its parameter.`,
    ];
  });
}

/** Whether the template matches a literal route, or is the same but for the names of its plain parameters. */
function takesAll(other: Entry, { path }: Entry): boolean {
  if (!path.includes("{")) return other.template.match(splitPath(path) ?? []) !== undefined;
  const shape = (text: string) => text.toLowerCase().replaceAll(/\{\w+\}/g, "{}");
  return shape(other.path) === shape(path);
}

const ANY = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"];

function toLevel(level: unknown): AuthLevel {
  const lower = String(level ?? "function").toLowerCase();
  if (lower === "anonymous" || lower === "function" || lower === "admin") return lower;
  throw new IndexingError(`authLevel is '${String(level)}', expected anonymous, function or admin.`);
}

/** Ordinal, ignoring case: not the order of a language. */
function byName(a: { name: string }, b: { name: string }): number {
  const [left, right] = [a.name.toUpperCase(), b.name.toUpperCase()];
  return left < right ? -1 : left > right ? 1 : 0;
}
