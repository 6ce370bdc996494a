import { SampleStream } from "../sample-stream.ts";
import { seededRandom } from "../seeded-random.ts";
import { CLOSINGS, DAYS, OPENINGS, type Phrases, THINGS, TOPICS } from "./phrases.ts";
import { LANGUAGE } from "./task.ts";

const TRAINING_SIZE = 800;
const PER_DAY = 40;
const DAYS_THERE_ARE = 200;

/** The first day on which customers ask about new things, in new words. */
export const DRIFT_FROM_DAY = 15;
const SHARE_PER_DAY = 0.05;
const MOST_SHARE = 0.8;

/** Once everybody asks in the new way, this share of the requests is about repair: connected things break more often. */
const MORE_REPAIR = 0.25;
/** Customers who ask two things at once; the first is what the request is about. */
const TWO_THINGS = 0.2;
/** Letters that fall out of a text's longer words, per word. */
const MISTYPED = 0.06;

/** What share of the texts is written in the new way. */
export function shareOfNew(day: number): number {
  return Math.min(MOST_SHARE, Math.max(0, day - DRIFT_FROM_DAY + 1) * SHARE_PER_DAY);
}

/**
 * Requests to the support of a made-up shop, 40 a day, from {@link TOPICS}. From day 15 on more and more of them are about
 * new products and services, in words that no model has learnt, and more of them are about repair.
 */
export function languageNature(): SampleStream {
  return new SampleStream({
    task: LANGUAGE,
    startDate: "2025-03-01",
    trainingSize: TRAINING_SIZE,
    perDay: PER_DAY,
    days: DAYS_THERE_ARE,
    make: (place, day) => writeRequest(seededRandom(place + 1), shareOfNew(day)),
  });
}

function writeRequest(random: () => number, newShare: number): { content: string; label: string } {
  const pick = <T>(list: readonly T[]): T => {
    const found = list[Math.floor(random() * list.length)];
    if (found === undefined) throw new RangeError("There is nothing to pick from.");
    return found;
  };
  const label = random() < MORE_REPAIR * newShare ? "repair" : pick(LANGUAGE.labels);
  const era = random() < newShare ? "after" : "before";
  const ask = (topic: string) => fill(pick((TOPICS[topic] as Phrases)[era]), era, pick, random);
  const asked = [ask(label)];
  if (random() < TWO_THINGS) asked.push(`and ${ask(pick(LANGUAGE.labels))}`);
  const text = [pick(OPENINGS), ...asked, pick(CLOSINGS)].filter(Boolean).join(" ");
  return { content: mistype(text, random), label };
}

function fill(
  phrase: string,
  era: keyof Phrases,
  pick: <T>(list: readonly T[]) => T,
  random: () => number,
): string {
  return phrase
    .replaceAll("{thing}", pick(THINGS[era]))
    .replaceAll("{day}", pick(DAYS))
    .replaceAll("{order}", String(10_000 + Math.floor(random() * 90_000)));
}

function mistype(text: string, random: () => number): string {
  return text
    .split(" ")
    .map((word) => {
      if (word.length < 5 || random() >= MISTYPED) return word;
      const at = 1 + Math.floor(random() * (word.length - 2));
      return word.slice(0, at) + word.slice(at + 1);
    })
    .join(" ");
}
