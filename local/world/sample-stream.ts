import { daysBetween, plusDays } from "./calendar.ts";
import type { LabelledSample } from "./classifier/sample.ts";
import type { Task } from "./classifier/task.ts";

/** What nature makes: the sample at a place of the endless row, as it looks on a day. */
export type MakeSample = (place: number, day: number) => { readonly content: string; readonly label: string };

export interface StreamOptions {
  readonly task: Task;
  /** The day before the first that passes; what version 1 learns from lies before it. */
  readonly startDate: string;
  readonly trainingSize: number;
  readonly perDay: number;
  /** How many days there are. */
  readonly days: number;
  readonly make: MakeSample;
}

/**
 * Of each day's samples every fourth is looked at by a person the day after, whatever the model said: what monitors and
 * evaluations know of the truth. The truth of the others is known to nobody but this world, and to whoever labels them.
 */
const CHECK_EVERY = 4;

/** The samples that come in, day after day, each once. */
export class SampleStream {
  readonly task: Task;
  readonly startDate: string;
  readonly lastDate: string;
  readonly perDay: number;
  readonly #options: StreamOptions;
  readonly #made = new Map<number, LabelledSample>();

  constructor(options: StreamOptions) {
    this.#options = options;
    this.task = options.task;
    this.startDate = options.startDate;
    this.lastDate = plusDays(options.startDate, options.days);
    this.perDay = options.perDay;
  }

  /** What version 1 learns from: labelled long ago, on days before anything drifts. */
  training(): LabelledSample[] {
    return Array.from({ length: this.#options.trainingSize }, (_, place) => this.#sample(place));
  }

  /** What comes in on a day after the start. */
  on(date: string): LabelledSample[] {
    const { trainingSize, perDay, startDate, days } = this.#options;
    const day = daysBetween(startDate, date);
    if (!(day >= 1 && day <= days))
      throw new RangeError(
        `Nothing comes on ${date}, expected a day up to ${this.lastDate} after ${startDate}.`,
      );
    const first = trainingSize + (day - 1) * perDay;
    return Array.from({ length: perDay }, (_, index) => this.#sample(first + index));
  }

  /** All checks that are known on the evening of `date`: of the days up to the day before. */
  checksUntil(date: string): LabelledSample[] {
    const days = daysBetween(this.startDate, date) - 1;
    return Array.from({ length: Math.max(0, days) }, (_, day) =>
      this.on(plusDays(this.startDate, day + 1)).filter((sample) => this.isChecked(sample.id)),
    ).flat();
  }

  isChecked(id: string): boolean {
    return this.#placeOf(id) % CHECK_EVERY === 0;
  }

  /** Known to this world alone; undefined when there is no such sample. */
  truthOf(id: string): string | undefined {
    const place = this.#placeOf(id);
    return Number.isNaN(place) ? undefined : this.#options.make(place, this.#dayOf(place)).label;
  }

  dayAfter(date: string): string | null {
    return date < this.lastDate ? plusDays(date, 1) : null;
  }

  #sample(place: number): LabelledSample {
    const made = this.#made.get(place);
    if (made) return made;
    const day = this.#dayOf(place);
    const sample = {
      id: `${this.task.name}-${String(place).padStart(6, "0")}`,
      date: plusDays(this.startDate, day),
      ...this.#options.make(place, day),
    };
    this.#made.set(place, sample);
    return sample;
  }

  /** 1 for the first day after the start, negative for what was labelled before. */
  #dayOf(place: number): number {
    const { trainingSize, perDay } = this.#options;
    if (place < trainingSize) return Math.floor(place / perDay) - Math.ceil(trainingSize / perDay);
    return 1 + Math.floor((place - trainingSize) / perDay);
  }

  #placeOf(id: string): number {
    const [, task, place] = /^([a-z]+)-(\d{6})$/.exec(id) ?? [];
    return place === undefined || task !== this.task.name ? Number.NaN : Number(place);
  }
}
