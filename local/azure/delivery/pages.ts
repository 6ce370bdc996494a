import { type ComponentChildren, h } from "preact";
import type { WorkItem, WorkItemComment } from "../devops/work-items.ts";
import { BASE_STYLE, page } from "../front/page.ts";
import { type Repository, scopeOf } from "../github/repository.ts";
import type { Comment, Issue } from "../github/shapes.ts";
import type { ServiceAnswer } from "../service.ts";
import type { Run } from "./runs.ts";
import type { System } from "./store.ts";

/** All that was opened in both systems. */
export interface Overview {
  readonly repositories: readonly {
    readonly repository: Repository;
    readonly issues: readonly { readonly issue: Issue; readonly comments: readonly Comment[] }[];
    readonly runs: readonly Run[];
  }[];
  readonly workItems: readonly { readonly item: WorkItem; readonly comments: readonly WorkItemComment[] }[];
  readonly pipelineRuns: readonly Run[];
}

export const STYLE_PATH = "/delivery/style.css";

/** What was opened, newest first, each with the buttons by which somebody else would act on it. */
export function deliveryPage({ repositories, workItems, pipelineRuns }: Overview): ServiceAnswer {
  const issues = repositories.flatMap(({ issues: own }) => own);
  const runs = [...repositories.flatMap(({ runs: own }) => own), ...pipelineRuns];
  const open =
    issues.filter(({ issue }) => issue.state === "open").length +
    workItems.filter(({ item }) => item.fields["System.State"] !== "Closed").length;
  const running = runs.filter(({ status }) => status !== "completed").length;
  const isEmpty = issues.length + workItems.length + runs.length === 0;
  return page(
    { title: "Work items and runs", stylesheet: STYLE_PATH, formAction: "'self'" },
    h("h1", null, "Work items and runs"),
    h(
      "p",
      null,
      isEmpty
        ? "Nothing was opened yet. What the app opens at GitHub or Azure DevOps appears here, and stays on this machine."
        : `${open} open, ${running} running. In a person's or a runner's place, close what is open and conclude what runs.`,
    ),
    repositories.map(({ repository, issues: own, runs: started }) => [
      section(
        `GitHub issues of ${scopeOf(repository)}`,
        [...own].reverse().map((one) => issueItem(repository, one)),
      ),
      section(
        `Workflow runs of ${scopeOf(repository)}`,
        [...started].reverse().map((run) => runItem("github", run)),
      ),
    ]),
    section("Azure DevOps work items", [...workItems].reverse().map(workItem)),
    section(
      "Pipeline runs",
      [...pipelineRuns].reverse().map((run) => runItem("devops", run)),
    ),
  );
}

function section(title: string, items: readonly ComponentChildren[]): ComponentChildren {
  return items.length > 0 && [h("h2", null, title), h("ul", { class: "work" }, items)];
}

function issueItem(
  repository: Repository,
  { issue, comments }: Overview["repositories"][number]["issues"][number],
) {
  const fields = { system: "github", repository: scopeOf(repository), close: String(issue.number) };
  return entry(
    `#${issue.number} ${issue.title}`,
    issue.state,
    `${issue.labels.length > 0 ? `${issue.labels.join(", ")} · ` : ""}opened ${readable(issue.created_at)}`,
    [issue.body ?? "", ...comments.map(({ body }) => body)],
    issue.state === "open" && [button(fields, `Close #${issue.number}`)],
  );
}

function workItem({ item, comments }: Overview["workItems"][number]) {
  const state = String(item.fields["System.State"]);
  const fields = { system: "devops", close: String(item.id) };
  return entry(
    `${String(item.fields["System.WorkItemType"])} ${item.id} ${String(item.fields["System.Title"])}`,
    state,
    `${item.fields["System.Tags"] ? `${String(item.fields["System.Tags"])} · ` : ""}opened ${readable(String(item.fields["System.CreatedDate"]))}`,
    [String(item.fields["System.Description"] ?? ""), ...comments.map(({ text }) => text)],
    state !== "Closed" && [button(fields, `Close ${item.id}`)],
  );
}

function runItem(system: System, run: Run) {
  const act = (conclude: string, words: string) =>
    button({ system, scope: run.scope, run: String(run.id), conclude }, `${words} run ${run.id}`);
  return entry(
    `Run ${run.id} ${run.title}`,
    run.conclusion ?? run.status.replace("_", " "),
    `${run.event} on ${run.ref} · since ${readable(new Date(run.createdAt).toISOString())}`,
    [JSON.stringify(run.inputs)],
    run.status !== "completed" && [act("success", "Succeed"), act("failure", "Fail")],
  );
}

/** ISO 8601 as a person reads it. */
function readable(time: string): string {
  return `${time.slice(0, 19).replace("T", " ")} UTC`;
}

function entry(
  title: string,
  state: string,
  facts: string,
  texts: readonly string[],
  buttons: ComponentChildren,
): ComponentChildren {
  const written = texts.filter(Boolean);
  return h(
    "li",
    null,
    h("p", null, h("strong", null, title), " ", h("span", { class: "state" }, state)),
    h("p", { class: "muted" }, facts),
    written.length > 0 &&
      h(
        "details",
        null,
        h("summary", null, `Text and comments (${written.length})`),
        written.map((text) => h("pre", { tabIndex: 0 }, text)),
      ),
    buttons && h("div", { class: "buttons" }, buttons),
  );
}

function button(fields: Readonly<Record<string, string>>, words: string): ComponentChildren {
  return h(
    "form",
    { method: "post", action: "/_delivery" },
    Object.entries(fields).map(([name, value]) => h("input", { type: "hidden", name, value })),
    h("button", { type: "submit" }, words),
  );
}

export const STYLE = `${BASE_STYLE}
.work { list-style: none; margin: 0.5rem 0; padding: 0; border-top: 1px solid var(--line); }
.work li { padding: 0.75rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.work p { margin: 0; }
.work .muted { font-size: 0.9rem; }
.state { padding: 0 0.5rem; border: 1px solid var(--line); border-radius: 1rem; background: var(--panel); font-size: 0.85rem; white-space: nowrap; }
.work summary { min-height: 1.5rem; cursor: pointer; }
pre {
  margin: 0.5rem 0; padding: 0.75rem; border: 1px solid var(--line); border-radius: 6px; background: var(--panel);
  white-space: pre-wrap; overflow-wrap: anywhere; font: 0.9rem/1.5 ui-monospace, monospace;
}
.buttons { display: flex; flex-wrap: wrap; gap: 0.5rem; margin-top: 0.5rem; }
button {
  min-height: 2.25rem; padding: 0.25rem 0.9rem; border: 1px solid var(--muted); border-radius: 6px; background: var(--panel);
  color: var(--ink); font: inherit; cursor: pointer;
}
`;
