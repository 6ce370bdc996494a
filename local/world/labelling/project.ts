import * as z from "zod";

/** The longest image or text that is taken, in characters. */
const LONGEST_CONTENT = 100_000;
const MOST_ITEMS = 5_000;
const MOST_LABELS = 50;

const Name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/, "expected letters, digits, - _ . and at most 100");
/** Ids are part of paths. */
const ItemId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}$/, "expected letters, digits, - _ . : only");
const Content = z.string().min(1).max(LONGEST_CONTENT);

/** One image or text, as it is brought in: with what the model made of it. */
const NewItem = z.looseObject({
  id: ItemId,
  date: z.iso.date(),
  image: Content.optional(),
  text: Content.optional(),
  prediction: z.string().nullish(),
  confidence: z.number().min(0).max(1).nullish(),
});

/** What a PUT of a project brings. */
export const ProjectBody = z
  .strictObject({
    title: z.string().min(1).max(200).optional(),
    column: z.enum(["image", "text"]),
    labels: z.array(z.string().min(1).max(100)).min(2).max(MOST_LABELS),
    instructions: z.string().max(4_000).optional(),
    /** Where the items come from, in words or as an address: for people. */
    dataReference: z.string().max(1_000).optional(),
    items: z.array(NewItem).max(MOST_ITEMS),
  })
  .superRefine(({ column, items }, context) => {
    for (const [index, item] of items.entries())
      if (item[column] === undefined)
        context.addIssue({
          code: "custom",
          path: ["items", index, column],
          message: `expected the ${column}`,
        });
  });
export type ProjectBody = z.infer<typeof ProjectBody>;

export const ProjectName = Name;
export const ClaimBody = z.strictObject({
  annotator: z.string().min(1).max(200),
  count: z.int().min(1).max(500).default(1),
});
export const AnswerBody = z.strictObject({
  annotator: z.string().min(1).max(200),
  label: z.string().min(1),
});
export const AnnotateBody = z.strictObject({ count: z.int().min(1).max(MOST_ITEMS).optional() });

/** Whose samples are to be labelled, with which labels. */
export interface Project {
  readonly name: string;
  readonly title: string;
  /** What an item is, and the name of its column in training data. */
  readonly column: "image" | "text";
  readonly labels: readonly string[];
  readonly instructions: string;
  readonly dataReference: string;
  /** ISO 8601 */
  readonly createdAt: string;
}

export interface Item {
  readonly id: string;
  /** From 1, in the order in which they came in. */
  readonly position: number;
  readonly date: string;
  readonly content: string;
  /** The model's answer and its confidence, where it gave one. */
  readonly prediction: string | null;
  readonly confidence: number | null;
  readonly claimedBy: string | null;
  /** Milliseconds since the epoch, 0 when nobody holds it. */
  readonly claimedUntil: number;
  readonly label: string | null;
  readonly answeredBy: string | null;
  readonly answeredAt: string | null;
}

export interface Progress {
  readonly total: number;
  readonly answered: number;
}
