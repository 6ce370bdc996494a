import { type ComponentChildren, h, type VNode } from "preact";
import { page as pageOf } from "../../azure/front/page.ts";
import type { ServiceAnswer } from "../../azure/service.ts";
import { picture } from "./picture.ts";
import type { Item, Project } from "./project.ts";
import type { LabellingQueue } from "./queue.ts";

/** Answers shown below the sample. */
const RECENT = 10;
/** Labels of so many letters stand side by side in a row of five. */
const SHORT_LABEL = 3;

const plural = (count: number, one: string) => `${count} ${one}${count === 1 ? "" : "s"}`;

/** All projects, the newest first. */
export function listPage(queue: LabellingQueue): ServiceAnswer {
  const projects = queue.projects();
  return page(
    "Labelling",
    h("h1", null, "Labelling"),
    projects.length === 0
      ? h(
          "p",
          null,
          "No project yet. One is opened here when a model of images or texts goes wrong and people are asked about its least sure answers.",
        )
      : h(
          "ul",
          { class: "list" },
          projects.map((project) => listItem(queue, project)),
        ),
  );
}

function listItem(queue: LabellingQueue, { name, title, column }: Project): VNode {
  const { total, answered } = queue.progress(name);
  return h(
    "li",
    null,
    h("a", { href: addressOf(name) }, title),
    h("div", { class: "muted" }, `${answered} of ${plural(total, column)} labelled`),
  );
}

/** One project: the next sample with a button for each label, and what was answered last. */
export function projectPage(queue: LabellingQueue, project: Project, after: number): ServiceAnswer {
  const { name, title, instructions } = project;
  const { total, answered } = queue.progress(name);
  const next = nextItem(queue, name, after);
  return page(
    title,
    h("p", null, h("a", { href: "/labelling" }, "All projects")),
    h("h1", null, title),
    instructions && h("p", null, instructions),
    h("progress", { max: Math.max(1, total), value: answered, "aria-label": "Labelled" }),
    h("p", { class: "muted" }, `${answered} of ${plural(total, project.column)} labelled`),
    next ? sample(project, next) : done(project, total, answered),
    recent(queue, project),
  );
}

/** The next that is unanswered behind `after`, or else from the beginning. */
function nextItem(queue: LabellingQueue, name: string, after: number): Item | undefined {
  const [next] = queue.items(name, { state: "open", after, most: 1 });
  return next ?? queue.items(name, { state: "open", most: 1 })[0];
}

function sample(project: Project, item: Item): ComponentChildren {
  const { name, column, labels } = project;
  const isShort = labels.every((label) => label.length <= SHORT_LABEL);
  return [
    h("h2", null, `Which label fits this ${column}?`),
    h(
      "div",
      { class: `sample ${column}` },
      column === "image" ? picture(item.content, `Sample ${item.id}`) : h("blockquote", null, item.content),
      h(
        "div",
        null,
        h(
          "form",
          { method: "post", action: addressOf(name) },
          h("input", { type: "hidden", name: "item", value: item.id }),
          h(
            "div",
            { class: `labels${isShort ? " short" : ""}` },
            labels.map((label) => h("button", { key: label, name: "label", value: label }, label)),
          ),
        ),
        h("p", { class: "muted" }, `${item.id}, ${item.date}. ${guess(item)}`),
        h("p", null, h("a", { href: `${addressOf(name)}?after=${item.position}` }, "Skip it for now")),
      ),
    ),
    h(
      "form",
      { method: "post", action: `${addressOf(name)}/annotate` },
      h("button", null, "Let the demonstration answer the rest"),
      h("p", { class: "muted" }, "It knows the true labels of this world's own samples."),
    ),
  ];
}

function guess({ prediction, confidence }: Item): string {
  if (prediction === null) return "The model gave no answer.";
  const sure = confidence === null ? "" : `, ${Math.round(confidence * 100)} % sure`;
  return `The model says ${prediction}${sure}.`;
}

function done({ name }: Project, total: number, answered: number): VNode {
  const address = `/labelling/api/projects/${encodeURIComponent(name)}/export`;
  if (answered < total)
    return h(
      "p",
      null,
      `${plural(total - answered, "sample")} are kept for others at the moment. Come back in ten minutes.`,
    );
  return h("p", null, "Everything is labelled. ", h("a", { href: address }, "Training data (JSONL)"));
}

function recent(queue: LabellingQueue, project: Project): VNode | null {
  const answered = queue
    .items(project.name, { state: "answered", most: Number.MAX_SAFE_INTEGER })
    .toSorted((a, b) => (b.answeredAt ?? "").localeCompare(a.answeredAt ?? "") || b.position - a.position)
    .slice(0, RECENT);
  if (answered.length === 0) return null;
  const head = ["Sample", "Label, and by whom", "The model said"];
  return h(
    "section",
    null,
    h("h2", null, "Answered last"),
    h(
      "div",
      { class: "scroll", tabIndex: 0, role: "region", "aria-label": "Answered last" },
      h(
        "table",
        null,
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            head.map((text) => h("th", { key: text, scope: "col" }, text)),
          ),
        ),
        h(
          "tbody",
          null,
          answered.map((item) => row(project, item)),
        ),
      ),
    ),
  );
}

function row({ column }: Project, item: Item): VNode {
  const shown = column === "image" ? picture(item.content, `Sample ${item.id}`) : item.content;
  return h(
    "tr",
    null,
    h("td", { class: column }, shown),
    h("td", null, h("strong", null, item.label), h("div", { class: "muted" }, item.answeredBy)),
    h("td", null, item.prediction ?? ""),
  );
}

/** What could not be done, in a sentence. */
export function problemPage(status: number, message: string): ServiceAnswer {
  const title = status === 404 ? "Not found" : "Not done";
  const answer = page(
    title,
    h("h1", null, title),
    h("p", null, message, " ", h("a", { href: "/labelling" }, "All projects")),
  );
  return { ...answer, status };
}

export const addressOf = (project: string): string => `/labelling/${encodeURIComponent(project)}`;

/** The referrer of its forms is what tells them from those of other sites. */
const page = (title: string, ...content: ComponentChildren[]): ServiceAnswer =>
  pageOf(
    {
      title,
      stylesheet: "/labelling/style.css",
      formAction: "'self'",
      headers: { "referrer-policy": "same-origin" },
    },
    ...content,
  );
