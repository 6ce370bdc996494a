import type { Clock } from "../../clock.ts";
import type { Item, Project, ProjectBody } from "./project.ts";
import type { LabellingStore } from "./store.ts";

/** What is true of a sample, as far as the world knows: undefined when it does not. */
export type TruthOf = (sampleId: string) => string | undefined;

/** The queue cannot do what was asked; the status is HTTP's. */
export class LabellingError extends Error {
  override name = "LabellingError";
  readonly status: 400 | 404 | 409;
  readonly code: string;

  constructor(status: 400 | 404 | 409, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** How long an item is kept for whoever claimed it. */
const CLAIM_MS = 10 * 60_000;
/** Signs what the demonstration answers when it plays the annotator. */
export const DEMONSTRATION = "demonstration";
const ALL = 1_000_000;

/** Labelling projects: poorly predicted samples go in, training data comes out, people in between. */
export class LabellingQueue {
  readonly #store: LabellingStore;
  readonly #clock: Clock;
  readonly #truthOf: TruthOf;

  constructor(store: LabellingStore, clock: Clock, truthOf: TruthOf) {
    this.#store = store;
    this.#clock = clock;
    this.#truthOf = truthOf;
  }

  /** @throws {LabellingError} 404 */
  project(name: string): Project {
    const project = this.#store.project(name);
    if (project) return project;
    throw new LabellingError(404, "ProjectNotFound", `There is no labelling project '${name}'.`);
  }

  projects(): Project[] {
    return this.#store.projects();
  }

  /**
   * Safe to repeat: a project that is there gets the items that it lacks.
   *
   * @returns whether it is new
   * @throws {LabellingError} 409 when it is there with another column or other labels
   */
  put(name: string, body: ProjectBody): boolean {
    const there = this.#store.project(name);
    if (there && (there.column !== body.column || there.labels.join("\n") !== body.labels.join("\n")))
      throw new LabellingError(
        409,
        "ProjectExists",
        `Project '${name}' labels each ${there.column} as one of ${there.labels.join(", ")}; expected the same, ` +
          "or another name.",
      );
    this.#store.put(name, body, this.#now());
    return there === undefined;
  }

  progress(name: string) {
    const { total, answered } = this.#store.progress(name);
    const claimed = this.#store.items(name, { state: "claimed", now: this.#clock.now(), most: ALL }).length;
    const isCompleted = total > 0 && answered === total;
    return {
      status: isCompleted ? ("Completed" as const) : ("InProgress" as const),
      total,
      answered,
      claimed,
      open: total - answered - claimed,
    };
  }

  items(name: string, options: Omit<Parameters<LabellingStore["items"]>[1], "now">): Item[] {
    return this.#store.items(this.project(name).name, { ...options, now: this.#clock.now() });
  }

  claim(name: string, { annotator, count }: { annotator: string; count: number }): Item[] {
    const now = this.#clock.now();
    return this.#store.claim(this.project(name).name, { annotator, count, now, until: now + CLAIM_MS });
  }

  /** @throws {LabellingError} 404 for an unknown item, 400 for a label that the project has not */
  answer(name: string, id: string, { label, annotator }: { label: string; annotator: string }): Item {
    const project = this.project(name);
    if (!this.#store.item(name, id))
      throw new LabellingError(404, "ItemNotFound", `Project '${name}' has no item '${id}'.`);
    if (!project.labels.includes(label))
      throw new LabellingError(
        400,
        "UnknownLabel",
        `The label is '${label}', expected one of ${project.labels.join(", ")}.`,
      );
    this.#store.answer(name, id, { label, annotator, at: this.#now() });
    const answered = this.#store.item(name, id);
    if (!answered) throw new LabellingError(404, "ItemNotFound", `Item '${id}' is gone.`);
    return answered;
  }

  /**
   * The demonstration plays the annotator: the oldest unanswered items get their true labels.
   *
   * @returns how many it answered
   * @throws {LabellingError} 409, before anything is answered, when this world does not know the truth of one of them
   */
  annotate(name: string, count = ALL): number {
    const { labels } = this.project(name);
    const unanswered = this.items(name, { most: ALL })
      .filter(({ label }) => label === null)
      .slice(0, count);
    const answers = unanswered.map(({ id }) => ({ id, label: this.#truthOf(id) }));
    const unknown = answers.find(({ label }) => label === undefined || !labels.includes(label));
    if (unknown)
      throw new LabellingError(
        409,
        "TruthUnknown",
        `Nobody here knows the true label of '${unknown.id}', expected a sample of this world: a person must label it.`,
      );
    for (const { id, label = "" } of answers) this.answer(name, id, { label, annotator: DEMONSTRATION });
    return answers.length;
  }

  /** What was answered, as training data: a line of JSON `{id, date, label, image|text, annotator}` each. */
  export(name: string): string {
    const { column } = this.project(name);
    return this.items(name, { state: "answered", most: ALL })
      .map(({ id, date, label, content, answeredBy }) =>
        JSON.stringify({ id, date, label, [column]: content, annotator: answeredBy }),
      )
      .map((line) => `${line}\n`)
      .join("");
  }

  /** Answers given so far, in all projects. */
  answered(): number {
    return this.#store.answered();
  }

  close(): void {
    this.#store.close();
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}
