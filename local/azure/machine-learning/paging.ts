import type { ServiceAnswer } from "../service.ts";
import { invalid } from "./refusal.ts";
import type { Call } from "./router.ts";

/** How many items a page has when the caller does not say. */
const PAGE_SIZE = 100;

/** One page of a list; `$skip` is an opaque mark that the link to the next page carries. */
export function page(
  call: Call,
  items: readonly unknown[],
  options: { top?: number; size?: number } = {},
): ServiceAnswer {
  const from = readMark(call.request.query.get("$skip"));
  const wanted = options.top === undefined ? items : items.slice(0, options.top);
  const until = from + (options.size ?? PAGE_SIZE);
  const more = until < wanted.length ? { nextLink: linkTo(call, until) } : {};
  return { status: 200, body: { value: wanted.slice(from, until), ...more } };
}

/** @throws {Refusal} 400 unless it is a whole number, of items above 0 and of those to leave out from 0 */
export function readCount(call: Call, name: "$top" | "count" | "offset"): number | undefined {
  const text = call.request.query.get(name);
  if (text === null) return undefined;
  const count = Number(text);
  const least = name === "offset" ? 0 : 1;
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count) || count < least)
    throw invalid(`${name} is '${text}', expected a whole number ${least === 0 ? "from 0" : "above 0"}.`);
  return count;
}

/**
 * What a list shows: what is archived, what is not, or both.
 *
 * @throws {Refusal} 400 for a view that there is not
 */
export function readView(
  call: Call,
): (properties: { readonly isArchived?: boolean | null | undefined }) => boolean {
  const view = call.request.query.get("listViewType")?.toLowerCase() ?? "activeonly";
  if (!["all", "archivedonly", "activeonly"].includes(view)) {
    throw invalid(`listViewType is '${view}', expected ActiveOnly, ArchivedOnly or All.`);
  }
  return ({ isArchived }) => view === "all" || (isArchived === true) === (view === "archivedonly");
}

/**
 * Whether a list by creation is to begin with the newest, as it does when the caller does not say.
 *
 * @throws {Refusal} 400 for another order
 */
export function isNewestFirst(call: Call): boolean {
  const order = (call.request.query.get("$orderBy") ?? "createdtime desc").toLowerCase();
  if (!/^createdtime( asc| desc)?$/.test(order)) {
    throw invalid(`$orderBy is '${order}', expected 'createdtime desc' or 'createdtime asc'.`);
  }
  return order.endsWith("desc");
}

type Dictionary = Readonly<Record<string, string | null>> | null | undefined;

/** What a list is filtered by with `tags` and `properties`: names, each with a value or without, `a,b=1`. */
export function readTags(
  call: Call,
): (resource: { readonly tags?: Dictionary; readonly properties?: Dictionary }) => boolean {
  const wanted = (["tags", "properties"] as const).flatMap((field) =>
    (call.request.query.get(field) ?? "")
      .split(",")
      .filter(Boolean)
      .map((clause) => {
        const [name = "", ...value] = clause.split("=");
        return { field, name, value: value.length === 0 ? undefined : value.join("=") };
      }),
  );
  return (resource) =>
    wanted.every(({ field, name, value }) => {
      const found = resource[field] ?? {};
      return Object.hasOwn(found, name) && (value === undefined || found[name] === value);
    });
}

function linkTo(call: Call, offset: number): string {
  const query = new URLSearchParams(call.request.query);
  query.set("$skip", Buffer.from(`next:${offset}`).toString("base64url"));
  return `${call.request.origin}${call.request.path}?${query}`;
}

function readMark(mark: string | null): number {
  if (mark === null || mark === "") return 0;
  const found = /^next:(\d+)$/.exec(Buffer.from(mark, "base64url").toString());
  if (!found) throw invalid(`$skip is '${mark}', expected the mark that nextLink carried.`);
  return Number(found[1]);
}
