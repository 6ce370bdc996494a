import type { Handler, Names } from "../delivery/routes.ts";
import type { ServiceRequest } from "../service.ts";
import { paged } from "./answer.ts";
import { ChangedIssue, Labels, NewComment, NewIssue, NewLabel, readBody } from "./bodies.ts";
import type { GitHubContext } from "./index.ts";
import { GitHubRefusal, notFound, validationFailed } from "./refusal.ts";
import { type Repository, scopeOf } from "./repository.ts";
import { readQuery, SEARCH_LAG_MS } from "./search.ts";
import type { Issue } from "./shapes.ts";

/** Issues, comments, labels, search. */
export function issueRoutes(context: GitHubContext): Record<string, Handler> {
  const { issues, limits, clock } = context;

  function issueAt(names: Names): { repository: Repository; issue: Issue } {
    const repository = context.repository(names);
    const issue = issues.get(repository, Number(names.number));
    if (!issue) throw notFound();
    return { repository, issue };
  }

  function shape({ origin }: ServiceRequest, repository: Repository, issue: Issue) {
    return context.shapes(origin, repository).issue(issue, issues.labels(repository));
  }

  /** Saves what a request changes of an issue, and tells the hooks what a person would call it. */
  function change(request: ServiceRequest, names: Names, body: Parameters<typeof issues.update>[2]) {
    const { repository, issue } = issueAt(names);
    const changed = issues.update(repository, issue, body);
    const shown = shape(request, repository, changed);
    const action =
      changed.state === issue.state ? "edited" : changed.state === "closed" ? "closed" : "reopened";
    context.raise(repository, "issues", { action, issue: shown });
    return { repository, issue: changed, shown };
  }

  function labelsOf(request: ServiceRequest, repository: Repository, issue: Issue) {
    return shape(request, repository, issue).labels;
  }

  function comment(request: ServiceRequest, names: Names) {
    const repository = context.repository(names);
    const found = issues.getComment(repository, Number(names.id));
    if (!found) throw notFound();
    return { found, shapes: context.shapes(request.origin, repository) };
  }

  return {
    "POST /repos/:owner/:repo/issues": (request, names) => {
      const repository = context.repository(names);
      const body = readBody(request, NewIssue, "Issue");
      limits.create();
      const issue = shape(request, repository, issues.create(repository, body));
      context.raise(repository, "issues", { action: "opened", issue });
      return { status: 201, headers: { location: issue.url }, body: issue };
    },
    "GET /repos/:owner/:repo/issues": (request, names) => {
      const repository = context.repository(names);
      const listed = listedIssues(issues.all(repository), request.query);
      return paged(
        request,
        listed.map((issue) => shape(request, repository, issue)),
      );
    },
    "GET /repos/:owner/:repo/issues/:number(\\d+)": (request, names) => {
      const { repository, issue } = issueAt(names);
      return { status: 200, body: shape(request, repository, issue) };
    },
    "PATCH /repos/:owner/:repo/issues/:number(\\d+)": (request, names) => ({
      status: 200,
      body: change(request, names, readBody(request, ChangedIssue, "Issue")).shown,
    }),
    "POST /repos/:owner/:repo/issues/:number(\\d+)/comments": (request, names) => {
      const { repository, issue } = issueAt(names);
      const { body } = readBody(request, NewComment, "IssueComment");
      limits.create();
      const made = issues.comment(repository, issue, body);
      const shown = context.shapes(request.origin, repository).comment(made);
      context.raise(repository, "issue_comment", {
        action: "created",
        issue: shape(request, repository, { ...issue, comments: issue.comments + 1 }),
        comment: shown,
      });
      return { status: 201, headers: { location: shown.url }, body: shown };
    },
    "GET /repos/:owner/:repo/issues/:number(\\d+)/comments": (request, names) => {
      const { repository, issue } = issueAt(names);
      const since = sinceOf(request.query);
      const all = issues.commentsOf(repository, issue.number).filter(({ updated_at }) => updated_at >= since);
      return paged(request, all.map(context.shapes(request.origin, repository).comment));
    },
    "GET /repos/:owner/:repo/issues/comments/:id(\\d+)": (request, names) => {
      const { found, shapes } = comment(request, names);
      return { status: 200, body: shapes.comment(found) };
    },
    "PATCH /repos/:owner/:repo/issues/comments/:id(\\d+)": (request, names) => {
      const { found, shapes } = comment(request, names);
      const { body } = readBody(request, NewComment, "IssueComment");
      return { status: 200, body: shapes.comment(issues.updateComment(found, body)) };
    },
    "POST /repos/:owner/:repo/issues/:number(\\d+)/labels": (request, names) => {
      const { issue } = issueAt(names);
      const labels = [...issue.labels, ...readBody(request, Labels, "Issue")];
      const changed = change(request, names, { labels });
      return { status: 200, body: labelsOf(request, changed.repository, changed.issue) };
    },
    "DELETE /repos/:owner/:repo/issues/:number(\\d+)/labels/:label": (request, names) => {
      const { issue } = issueAt(names);
      const isNamed = (label: string) => label.toLowerCase() === names.label?.toLowerCase();
      if (!issue.labels.some(isNamed)) throw new GitHubRefusal(404, "Label does not exist");
      const changed = change(request, names, { labels: issue.labels.filter((label) => !isNamed(label)) });
      return { status: 200, body: labelsOf(request, changed.repository, changed.issue) };
    },
    "GET /repos/:owner/:repo/labels": (request, names) => {
      const repository = context.repository(names);
      return paged(request, issues.labels(repository).map(context.shapes(request.origin, repository).label));
    },
    "POST /repos/:owner/:repo/labels": (request, names) => {
      const repository = context.repository(names);
      const label = issues.addLabel(repository, readBody(request, NewLabel, "Label"));
      const shown = context.shapes(request.origin, repository).label(label);
      return { status: 201, headers: { location: shown.url }, body: shown };
    },
    "GET /search/issues": (request) => {
      const q = request.query.get("q");
      if (!q) throw validationFailed({ resource: "Search", code: "missing", field: "q" });
      const matches = readQuery(q);
      const indexedUntil = clock.now() - SEARCH_LAG_MS;
      const found = context.repositories.flatMap((repository) =>
        issues
          .all(repository)
          .filter((issue) => Date.parse(issue.created_at) <= indexedUntil)
          .map((issue) => ({ repository, issue, comments: issues.commentsOf(repository, issue.number) }))
          .filter((one) => matches({ ...one, repository: scopeOf(one.repository) }))
          .map((one) => ({ ...shape(request, one.repository, one.issue), score: 1 })),
      );
      const wrap = (items: readonly unknown[]) => ({
        total_count: found.length,
        incomplete_results: false,
        items,
      });
      return paged(request, found.reverse(), wrap);
    },
  };
}

const SORTS = { created: "created_at", updated: "updated_at", comments: "comments" } as const;

/** @throws {GitHubRefusal} 422 for a filter with a value that there is not, or one that is not simulated */
function listedIssues(all: readonly Issue[], query: URLSearchParams): Issue[] {
  const absent = ["milestone", "mentioned", "type"].find((name) => query.has(name));
  if (absent)
    throw validationFailed({
      resource: "Issue",
      code: "unprocessable",
      field: absent,
      value: "not simulated",
    });
  const state = oneOf(query, "state", ["open", "closed", "all"]);
  const sort = SORTS[oneOf(query, "sort", ["created", "updated", "comments"])];
  const isAscending = oneOf(query, "direction", ["desc", "asc"]) === "asc";
  const labels = (query.get("labels") ?? "").toLowerCase().split(",").filter(Boolean);
  const since = sinceOf(query);
  const kept = all.filter(
    (issue) =>
      (state === "all" || issue.state === state) &&
      labels.every((label) => issue.labels.some((one) => one.toLowerCase() === label.trim())) &&
      issue.updated_at >= since,
  );
  const sorted = kept.toSorted((a, b) =>
    a[sort] === b[sort] ? a.number - b.number : a[sort] < b[sort] ? -1 : 1,
  );
  return isAscending ? sorted : sorted.reverse();
}

function oneOf<const T extends string>(
  query: URLSearchParams,
  field: string,
  values: readonly [T, ...T[]],
): T {
  const text = query.get(field) ?? values[0];
  const found = values.find((value) => value === text);
  if (found !== undefined) return found;
  throw validationFailed({ resource: "Issue", code: "invalid", field, value: text });
}

/** @throws {GitHubRefusal} 422 for what is no time */
function sinceOf(query: URLSearchParams): string {
  const text = query.get("since");
  if (text === null) return "";
  const at = Date.parse(text);
  if (Number.isNaN(at))
    throw validationFailed({ resource: "Issue", code: "invalid", field: "since", value: text });
  return new Date(at).toISOString().slice(0, 19);
}
