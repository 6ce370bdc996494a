import { daysBetween } from "../calendar.ts";
import type { ServedSample } from "./collected.ts";
import type { Answer } from "./scorer.ts";
import type { Task } from "./task.ts";

/** A sample that a person should look at, and what the model made of it. */
export interface PoorlyPredicted {
  readonly id: string;
  readonly date: string;
  readonly content: string;
  readonly answer: Answer;
}

/**
 * The samples of the newest days that the model was least sure about, the least sure first: nobody knows yet which answers
 * are wrong, and among the unsure there are most wrong ones (uncertainty sampling).
 *
 * @param known - samples whose truth is known already: there is nothing to ask about them
 * @see Lewis and Gale 1994, "A sequential algorithm for training text classifiers"
 */
export function poorlyPredicted(
  served: readonly ServedSample[],
  known: ReadonlySet<string>,
  { days, most }: { readonly days: number; readonly most: number },
): PoorlyPredicted[] {
  const last = served.at(-1)?.date ?? "";
  return served
    .flatMap(({ id, date, content, answer }) =>
      typeof content === "string" && answer && !known.has(id) && daysBetween(date, last) < days
        ? [{ id, date, content, answer }]
        : [],
    )
    .sort((a, b) => a.answer.confidence - b.answer.confidence || a.id.localeCompare(b.id))
    .slice(0, most);
}

/** Rows as the labelling queue takes them. */
export function itemsOf(samples: readonly PoorlyPredicted[], task: Task) {
  return samples.map(({ id, date, content, answer }) => ({
    id,
    date,
    [task.column]: content,
    prediction: answer.label,
    confidence: answer.confidence,
  }));
}
