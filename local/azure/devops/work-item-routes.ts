import * as z from "zod";
import type { Clock } from "../../clock.ts";
import type { Handler, Names } from "../delivery/routes.ts";
import type { ServiceRequest } from "../service.ts";
import { FIELDS, IDENTITY, ORGANIZATION, PROJECT } from "./organization.ts";
import { DevOpsRefusal } from "./refusal.ts";
import { baseOf, readJson, versionOf } from "./request.ts";
import { readWiql, select } from "./wiql.ts";
import { fieldNamed, Patch, type WorkItem, type WorkItemComment, type WorkItems } from "./work-items.ts";

/** A query finds no more. */
const MOST_FOUND = 20_000;

/** Work items, their comments, and queries for them. */
export function workItemRoutes({
  workItems,
  clock,
}: {
  workItems: WorkItems;
  clock: Clock;
}): Record<string, Handler> {
  function itemAt(id: string | undefined): WorkItem {
    const item = workItems.get(Number(id));
    if (item) return item;
    throw new DevOpsRefusal(
      404,
      "WorkItemUnauthorizedAccessException",
      `TF401232: Work item ${id} does not exist, or you do not have permissions to read it.`,
    );
  }

  function createItem(request: ServiceRequest, { type }: Names) {
    const isTrial = request.query.get("validateOnly") === "true";
    return {
      status: 200,
      body: shapeOf(request, workItems.create(type ?? "", readPatch(request), isTrial), "relations"),
    };
  }

  function list(request: ServiceRequest) {
    const ids = (request.query.get("ids") ?? "").split(",").filter(Boolean);
    const value = ids.map((id) => shapeOf(request, itemAt(id), expandOf(request)));
    return { status: 200, body: { count: value.length, value } };
  }

  function query(request: ServiceRequest) {
    const read = z.object({ query: z.string() }).safeParse(readJson(request));
    if (!read.success) {
      throw new DevOpsRefusal(
        400,
        "VssPropertyValidationException",
        "The body has no 'query', a text in WIQL.",
      );
    }
    const wiql = readWiql(read.data.query);
    const top = Number(request.query.get("$top") ?? MOST_FOUND);
    const found = select(wiql, workItems.all()).slice(0, top);
    const base = baseOf(request);
    const field = (name: string) => ({
      referenceName: name,
      name: FIELDS[name],
      url: `${base}/wit/fields/${name}`,
    });
    const body = {
      queryType: "flat",
      queryResultType: "workItem",
      asOf: new Date(clock.now()).toISOString(),
      columns: wiql.columns.map(field),
      ...(wiql.sort.length > 0 && {
        sortColumns: wiql.sort.map((one) => ({ field: field(one.field), descending: one.isDescending })),
      }),
      workItems: found.map(({ id }) => ({ id, url: `${base}/wit/workItems/${id}` })),
    };
    return { status: 200, body };
  }

  return {
    "POST /wit/workitems/\\$:type": createItem,
    "PATCH /wit/workitems/\\$:type": createItem,
    "GET /wit/workitems": list,
    "GET /wit/workitems/:id(\\d+)": (request, { id }) => ({
      status: 200,
      body: shapeOf(request, itemAt(id), expandOf(request)),
    }),
    "PATCH /wit/workitems/:id(\\d+)": (request, { id }) => {
      const isTrial = request.query.get("validateOnly") === "true";
      const changed = workItems.update(itemAt(id), readPatch(request), isTrial);
      return { status: 200, body: shapeOf(request, changed, "relations") };
    },
    "POST /wit/wiql": query,
    "POST /wit/workitems/:id(\\d+)/comments": (request, { id }) => {
      checkPreview(request);
      const read = z.object({ text: z.string().min(1) }).safeParse(readJson(request));
      if (!read.success)
        throw new DevOpsRefusal(400, "VssPropertyValidationException", "The body has no 'text'.");
      return { status: 200, body: commentShape(request, workItems.comment(itemAt(id), read.data.text)) };
    },
    "GET /wit/workitems/:id(\\d+)/comments": (request, { id }) => {
      checkPreview(request);
      const comments = workItems
        .commentsOf(itemAt(id).id)
        .map((comment) => commentShape(request, comment))
        .reverse();
      return { status: 200, body: { totalCount: comments.length, count: comments.length, comments } };
    },
  };
}

const EXPANSIONS = ["none", "relations", "fields", "links", "all"];

function expandOf({ query }: ServiceRequest): string {
  const expand = (query.get("$expand") ?? "none").toLowerCase();
  if (EXPANSIONS.includes(expand)) return expand;
  throw new DevOpsRefusal(
    400,
    "VssPropertyValidationException",
    `$expand is '${expand}', expected one of ${EXPANSIONS.join(", ")}.`,
  );
}

/** A work item as Azure DevOps writes it. */
function shapeOf(request: ServiceRequest, item: WorkItem, expand: string) {
  const base = baseOf(request);
  const url = `${base}/wit/workItems/${item.id}`;
  const asked =
    request.method === "GET" ? request.query.get("fields")?.split(",").map(fieldNamed) : undefined;
  const fields = Object.entries(item.fields).filter(([name]) => asked?.includes(name) ?? true);
  const hasLinks = expand === "links" || expand === "all" || asked === undefined;
  const type = encodeURIComponent(String(item.fields["System.WorkItemType"]));
  return {
    ...(item.id < 0 ? {} : { id: item.id, rev: item.rev }),
    fields: Object.fromEntries(fields),
    ...((expand === "relations" || expand === "all") && item.relations.length > 0
      ? { relations: item.relations }
      : {}),
    ...(hasLinks && {
      _links: {
        self: { href: url },
        workItemUpdates: { href: `${url}/updates` },
        workItemRevisions: { href: `${url}/revisions` },
        workItemComments: { href: `${url}/comments` },
        html: { href: `${request.origin}/${ORGANIZATION}/${PROJECT.name}/_workitems/edit/${item.id}` },
        workItemType: { href: `${base}/wit/workItemTypes/${type}` },
        fields: { href: `${base}/wit/fields` },
      },
    }),
    url,
  };
}

function commentShape(request: ServiceRequest, { id, workItemId, text, createdDate }: WorkItemComment) {
  return {
    workItemId,
    id,
    version: 1,
    text,
    createdBy: IDENTITY,
    createdDate,
    modifiedBy: IDENTITY,
    modifiedDate: createdDate,
    format: "html",
    renderedText: text,
    url: `${baseOf(request)}/wit/workItems/${workItemId}/comments/${id}`,
  };
}

function checkPreview(request: ServiceRequest): void {
  const version = versionOf(request) ?? "";
  if (version === "" || version.includes("-preview")) return;
  throw new DevOpsRefusal(
    400,
    "VssInvalidPreviewVersionException",
    `The requested version "${version}" of the resource is under preview. The -preview flag must be supplied in the ` +
      `api-version for such requests. For example: "${version}-preview"`,
  );
}

function readPatch(request: ServiceRequest): Patch {
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim() ?? "";
  if (type !== "application/json-patch+json") {
    throw new DevOpsRefusal(
      415,
      "VssRequestContentTypeNotSupportedException",
      `The request indicated a Content-Type of "${type}" for method type "${request.method}" which is not supported. ` +
        "Valid content types for this method are: application/json-patch+json.",
    );
  }
  const read = Patch.safeParse(readJson(request));
  if (read.success && read.data.length > 0) return read.data;
  const [issue] = read.error?.issues ?? [];
  const what = issue ? ` At '${issue.path.join(".")}': ${issue.message}.` : "";
  throw new DevOpsRefusal(
    400,
    "VssPropertyValidationException",
    `You must pass a valid patch document in the body of the request.${what}`,
  );
}
