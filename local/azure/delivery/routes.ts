import type { ServiceAnswer, ServiceRequest } from "../service.ts";

/** The names in a path, decoded. */
export type Names = Readonly<Record<string, string>>;
export type Handler = (request: ServiceRequest, names: Names) => ServiceAnswer;

/** Finds who answers, by URL patterns: `GET /repos/:owner/:repo/issues`. */
export function routesOf(table: Readonly<Record<string, Handler>>) {
  const routes = Object.entries(table).map(([key, handler]) => {
    const [method, pathname = ""] = key.split(" ");
    return { method, pattern: new URLPattern({ pathname }, { ignoreCase: true }), handler };
  });
  /** @returns the handler and its names, or the methods that the path would take; none for a path that is unknown */
  return function find(
    method: string,
    pathname: string,
  ): { run?: (request: ServiceRequest) => ServiceAnswer; allowed: string[] } {
    const allowed: string[] = [];
    for (const route of routes) {
      const groups = route.pattern.exec({ pathname })?.pathname.groups;
      if (!groups) continue;
      if (route.method !== method) {
        allowed.push(route.method ?? "");
        continue;
      }
      const names = Object.fromEntries(
        Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value ?? "")]),
      );
      return { run: (request) => route.handler(request, names), allowed };
    }
    return { allowed };
  };
}
