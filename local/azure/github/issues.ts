import type * as z from "zod";
import type { Clock } from "../../clock.ts";
import type { DeliveryStore } from "../delivery/store.ts";
import { type ChangedIssue, checkAssignees, type NewIssue, type NewLabel } from "./bodies.ts";
import { validationFailed } from "./refusal.ts";
import { type Repository, scopeOf } from "./repository.ts";
import { type Comment, type Issue, type Label, timeOf } from "./shapes.ts";

export interface IssuesOptions {
  readonly store: DeliveryStore;
  readonly clock: Clock;
}

/** Color of a label that was made by being used. */
const DEFAULT_COLOR = "ededed";

/** Issues, their comments and labels. */
export class Issues {
  readonly #store: DeliveryStore;
  readonly #clock: Clock;

  constructor({ store, clock }: IssuesOptions) {
    this.#store = store;
    this.#clock = clock;
  }

  create(repository: Repository, body: z.infer<typeof NewIssue>): Issue {
    if (body.title.trim() === "") {
      throw validationFailed({ resource: "Issue", code: "missing_field", field: "title" });
    }
    const assignees = checkAssignees(body) ?? [];
    const labels = this.#ensureLabels(repository, body.labels ?? []);
    const now = this.#now();
    return this.#store.addItem("github", scopeOf(repository), (number) => ({
      number,
      title: body.title,
      body: body.body ?? null,
      state: "open",
      state_reason: null,
      labels,
      assignees,
      comments: 0,
      created_at: now,
      updated_at: now,
      closed_at: null,
    }));
  }

  get(repository: Repository, number: number): Issue | undefined {
    return this.#store.item<Issue>("github", scopeOf(repository), number);
  }

  /** Oldest first. */
  all(repository: Repository): Issue[] {
    return this.#store.items<Issue>("github", scopeOf(repository));
  }

  update(repository: Repository, issue: Issue, change: z.infer<typeof ChangedIssue>): Issue {
    const assignees = checkAssignees(change) ?? issue.assignees;
    const labels = change.labels ? this.#ensureLabels(repository, change.labels) : issue.labels;
    const now = this.#now();
    const state = change.state ?? issue.state;
    const hasClosed = state === "closed" && issue.state === "open";
    const hasReopened = state === "open" && issue.state === "closed";
    const reason = hasClosed ? "completed" : hasReopened ? "reopened" : issue.state_reason;
    return this.#set(repository, {
      ...issue,
      title: change.title ?? issue.title,
      body: change.body === undefined ? issue.body : change.body,
      state,
      state_reason: change.state_reason ?? reason,
      labels,
      assignees,
      updated_at: now,
      closed_at: hasClosed ? now : hasReopened ? null : issue.closed_at,
    });
  }

  comment(repository: Repository, issue: Issue, body: string): Comment {
    const now = this.#now();
    const comment = this.#store.addPart<Comment>("github", "comment", scopeOf(repository), (id) => ({
      id,
      issue: issue.number,
      body,
      created_at: now,
      updated_at: now,
    }));
    this.#set(repository, { ...issue, comments: issue.comments + 1, updated_at: now });
    return comment;
  }

  getComment(repository: Repository, id: number): Comment | undefined {
    return this.#store.part<Comment>("github", "comment", scopeOf(repository), id);
  }

  updateComment(comment: Comment, body: string): Comment {
    const changed = { ...comment, body, updated_at: this.#now() };
    this.#store.setPart(comment.id, changed);
    return changed;
  }

  commentsOf(repository: Repository, number: number): Comment[] {
    return this.#store
      .parts<Comment>("github", "comment", scopeOf(repository))
      .filter(({ issue }) => issue === number);
  }

  labels(repository: Repository): Label[] {
    return this.#store.parts<Label>("github", "label", scopeOf(repository));
  }

  /** @throws {GitHubRefusal} 422 for a name that is taken, in any case */
  addLabel(repository: Repository, { name, color, description }: z.infer<typeof NewLabel>): Label {
    if (this.#findLabel(repository, name)) {
      throw validationFailed({ resource: "Label", code: "already_exists", field: "name" });
    }
    return this.#store.addPart<Label>("github", "label", scopeOf(repository), (id) => ({
      id,
      name,
      color: (color ?? DEFAULT_COLOR).toLowerCase(),
      description: description ?? null,
    }));
  }

  /** Whoever may write to a repository makes a label by using it. */
  #ensureLabels(repository: Repository, names: readonly string[]): string[] {
    const found = names.map(
      (name) => (this.#findLabel(repository, name) ?? this.addLabel(repository, { name })).name,
    );
    return [...new Set(found)];
  }

  #findLabel(repository: Repository, name: string): Label | undefined {
    return this.labels(repository).find((label) => label.name.toLowerCase() === name.toLowerCase());
  }

  #set(repository: Repository, issue: Issue): Issue {
    this.#store.setItem("github", scopeOf(repository), issue.number, issue);
    return issue;
  }

  #now(): string {
    return timeOf(this.#clock.now());
  }
}
