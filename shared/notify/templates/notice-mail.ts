import { cut, moment } from "../../console/words.ts";
import { composeMail, type MailContent } from "./mail-html.ts";

/** Tells people how something ended. Nothing is asked of them. */
export function noticeMail(notice: {
  readonly subject: string;
  readonly sentence: string;
  readonly facts: readonly (readonly [string, string])[];
  readonly url?: string;
  readonly now: Date;
}): MailContent {
  const { subject, sentence, facts, url, now } = notice;
  return composeMail({
    subject: cut(subject, 150),
    sentence: cut(sentence, 1_000),
    facts: [
      ...facts.map(([name, value]) => [cut(name), cut(value, 400)] as const),
      ["At", moment(now.toISOString())],
    ],
    link:
      url === undefined
        ? undefined
        : { label: "Open in the console", url, note: "For those who may see it." },
  });
}
