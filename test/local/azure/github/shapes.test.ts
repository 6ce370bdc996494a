import { request } from "@octokit/request";
import { expect, test } from "vitest";
import { REPOSITORIES } from "../../../../local/azure/github/repository.ts";
import { shapesOf } from "../../../../local/azure/github/shapes.ts";

const at = { owner: "o", repo: "r" };
/** Never called: their types are what GitHub's own API description says of each answer. */
const described = {
  issue: () => request("GET /repos/{owner}/{repo}/issues/{issue_number}", { ...at, issue_number: 1 }),
  comment: () => request("GET /repos/{owner}/{repo}/issues/comments/{comment_id}", { ...at, comment_id: 1 }),
  label: () => request("GET /repos/{owner}/{repo}/labels/{name}", { ...at, name: "n" }),
  workflow: () =>
    request("GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}", { ...at, workflow_id: 1 }),
  run: () => request("GET /repos/{owner}/{repo}/actions/runs/{run_id}", { ...at, run_id: 1 }),
};
type Described = { [K in keyof typeof described]: Awaited<ReturnType<(typeof described)[K]>>["data"] };

test("every document has what GitHub's API description requires of it", () => {
  const [repository] = REPOSITORIES;
  const [workflow] = repository?.workflows ?? [];
  if (!repository || !workflow) throw new Error("There is no repository with a workflow.");
  const shapes = shapesOf("http://localhost/github-api", "http://localhost/github", repository);
  const label = { id: 7, name: "drift", color: "ededed", description: null };
  const times = { created_at: "2026-01-01T12:00:00Z", updated_at: "2026-01-01T12:00:00Z" };
  const kept = {
    number: 3,
    title: "t",
    body: null,
    labels: ["drift"],
    assignees: [],
    comments: 0,
    closed_at: null,
    ...times,
  };
  const run = {
    id: 9,
    scope: "outerloop/models",
    pipeline: workflow.id,
    number: 2,
    title: "t",
    ref: "refs/heads/main",
    event: "workflow_dispatch",
    inputs: {},
    createdAt: 0,
    startedAt: null,
    updatedAt: 0,
    nextAt: 0,
  };
  // What is left out or of another type does not compile.
  const documents: Described = {
    issue: shapes.issue({ ...kept, state: "open", state_reason: null }, [label]),
    comment: shapes.comment({ id: 5, issue: 3, body: "b", ...times }),
    label: shapes.label(label),
    workflow: shapes.workflow(workflow),
    run: shapes.run({ ...run, status: "queued", conclusion: null }, workflow),
  };
  expect(Object.values(documents).map(({ url }) => url)).toEqual(
    ["issues/3", "issues/comments/5", "labels/drift", "actions/workflows/101", "actions/runs/9"].map(
      (tail) => `http://localhost/github-api/repos/outerloop/models/${tail}`,
    ),
  );
  expect(documents.run.head_branch).toBe("main");
});
