import * as z from "zod";

/**
 * The elements of Adaptive Cards up to version 1.5 that a card in a Teams channel can be made of. Each schema knows its
 * own properties alone; what it contains is listed in `children` and read by the walk in `validate.ts`.
 *
 * @see https://adaptivecards.io/explorer/
 * @see https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
 */

/** One of `values`, in any case, as the schema of Adaptive Cards has its enumerations. */
function oneOf<const T extends readonly string[]>(values: T) {
  return z.string().transform((text, context): T[number] => {
    const found = values.find((value) => value.toLowerCase() === text.toLowerCase());
    if (found !== undefined) return found;
    context.addIssue({ code: "custom", message: `found '${text}', expected one of ${values.join(", ")}` });
    return z.NEVER;
  });
}

const LINK_SCHEMES = ["http:", "https:", "mailto:", "tel:", "msteams:"];

const linkUrl = z.string().refine((text) => LINK_SCHEMES.includes(URL.parse(text)?.protocol ?? ""), {
  error: ({ input }) =>
    `found '${String(input)}', expected an absolute address that starts with ${LINK_SCHEMES.join(", ")}`,
});
const imageUrl = z.string().refine((text) => /^https:\/\/|^data:image\/(png|jpeg|gif);base64,/.test(text), {
  error: "expected an https address, or data:image/png, jpeg or gif in base64",
});
const pixels = z.string().regex(/^\d{1,4}px$/, "expected pixels, e.g. '80px'");
const children = z.array(z.unknown());

const SPACINGS = ["none", "small", "default", "medium", "large", "extraLarge", "padding"] as const;
const STYLES = ["default", "emphasis", "good", "attention", "warning", "accent"] as const;
const COLORS = ["default", "dark", "light", "accent", "good", "warning", "attention"] as const;
const SIZES = ["default", "small", "medium", "large", "extraLarge"] as const;
const WEIGHTS = ["default", "lighter", "bolder"] as const;
const ALIGNMENTS = ["left", "center", "right"] as const;
const VERTICALS = ["top", "center", "bottom"] as const;
const IMAGE_SIZES = ["auto", "stretch", "small", "medium", "large"] as const;

/** What every element may say. */
const common = {
  id: z.string().optional(),
  spacing: oneOf(SPACINGS).optional(),
  separator: z.boolean().optional(),
  height: oneOf(["auto", "stretch"]).optional(),
  isVisible: z.boolean().optional(),
  fallback: z.unknown().optional(),
  requires: z.record(z.string(), z.string()).optional(),
};
const font = {
  color: oneOf(COLORS).optional(),
  fontType: oneOf(["default", "monospace"]).optional(),
  isSubtle: z.boolean().optional(),
  size: oneOf(SIZES).optional(),
  weight: oneOf(WEIGHTS).optional(),
};
const box = {
  style: oneOf(STYLES).optional(),
  verticalContentAlignment: oneOf(VERTICALS).optional(),
  bleed: z.boolean().optional(),
  minHeight: pixels.optional(),
  rtl: z.boolean().nullable().optional(),
  selectAction: z.unknown().optional(),
};
const type = <const T extends string>(name: T) => z.literal(name);

export const TextBlock = z.strictObject({
  ...common,
  ...font,
  type: type("TextBlock"),
  text: z.string(),
  wrap: z.boolean().optional(),
  maxLines: z.number().int().min(0).optional(),
  horizontalAlignment: oneOf(ALIGNMENTS).optional(),
  style: oneOf(["default", "columnHeader", "heading"]).optional(),
});
export const RichTextBlock = z.strictObject({
  ...common,
  type: type("RichTextBlock"),
  inlines: z.array(z.unknown()).min(1),
  horizontalAlignment: oneOf(ALIGNMENTS).optional(),
});
export const TextRun = z.strictObject({
  ...font,
  type: type("TextRun"),
  text: z.string(),
  highlight: z.boolean().optional(),
  italic: z.boolean().optional(),
  strikethrough: z.boolean().optional(),
  underline: z.boolean().optional(),
  selectAction: z.unknown().optional(),
});
export const Image = z.strictObject({
  ...common,
  height: z.union([pixels, oneOf(["auto", "stretch"])]).optional(),
  type: type("Image"),
  url: imageUrl,
  altText: z.string().optional(),
  backgroundColor: z.string().optional(),
  horizontalAlignment: oneOf(ALIGNMENTS).optional(),
  selectAction: z.unknown().optional(),
  size: oneOf(IMAGE_SIZES).optional(),
  style: oneOf(["default", "person"]).optional(),
  width: pixels.optional(),
});
export const ImageSet = z.strictObject({
  ...common,
  type: type("ImageSet"),
  images: children,
  imageSize: oneOf(IMAGE_SIZES).optional(),
});
export const Container = z.strictObject({ ...common, ...box, type: type("Container"), items: children });
export const ColumnSet = z.strictObject({
  ...common,
  type: type("ColumnSet"),
  columns: children.optional(),
  style: oneOf(STYLES).optional(),
  bleed: z.boolean().optional(),
  minHeight: pixels.optional(),
  horizontalAlignment: oneOf(ALIGNMENTS).optional(),
  selectAction: z.unknown().optional(),
});
export const Column = z.strictObject({
  ...common,
  ...box,
  type: type("Column").optional(),
  items: children.optional(),
  width: z
    .union([z.number().positive(), z.string().regex(/^(auto|stretch|\d+(\.\d+)?(px)?)$/i)], {
      error: "expected 'auto', 'stretch', a weight, or pixels, e.g. '80px'",
    })
    .optional(),
});
export const FactSet = z.strictObject({
  ...common,
  type: type("FactSet"),
  facts: z.array(z.strictObject({ type: type("Fact").optional(), title: z.string(), value: z.string() })),
});
export const Table = z.strictObject({
  ...common,
  type: type("Table"),
  columns: z
    .array(
      z.strictObject({
        type: type("TableColumnDefinition").optional(),
        width: z.union([z.number().positive(), pixels]).optional(),
        horizontalCellContentAlignment: oneOf(ALIGNMENTS).optional(),
        verticalCellContentAlignment: oneOf(VERTICALS).optional(),
      }),
    )
    .optional(),
  rows: children.optional(),
  firstRowAsHeader: z.boolean().optional(),
  showGridLines: z.boolean().optional(),
  gridStyle: oneOf(STYLES).optional(),
  horizontalCellContentAlignment: oneOf(ALIGNMENTS).optional(),
  verticalCellContentAlignment: oneOf(VERTICALS).optional(),
});
export const TableRow = z.strictObject({
  type: type("TableRow"),
  cells: children.optional(),
  style: oneOf(STYLES).optional(),
  horizontalCellContentAlignment: oneOf(ALIGNMENTS).optional(),
  verticalCellContentAlignment: oneOf(VERTICALS).optional(),
});
export const TableCell = z.strictObject({ ...box, type: type("TableCell"), items: children });
export const ActionSet = z.strictObject({ ...common, type: type("ActionSet"), actions: children });

const action = {
  id: z.string().optional(),
  title: z.string().optional(),
  iconUrl: imageUrl.optional(),
  style: oneOf(["default", "positive", "destructive"]).optional(),
  tooltip: z.string().optional(),
  isEnabled: z.boolean().optional(),
  mode: oneOf(["primary", "secondary"]).optional(),
  fallback: z.unknown().optional(),
  requires: z.record(z.string(), z.string()).optional(),
};
export const OpenUrl = z.strictObject({ ...action, type: type("Action.OpenUrl"), url: linkUrl });
export const ShowCard = z.strictObject({ ...action, type: type("Action.ShowCard"), card: z.unknown() });

export const Card = z.strictObject({
  $schema: z.string().optional(),
  type: type("AdaptiveCard"),
  version: z.string().optional(),
  body: children.optional(),
  actions: children.optional(),
  selectAction: z.unknown().optional(),
  fallbackText: z.string().optional(),
  minHeight: pixels.optional(),
  rtl: z.boolean().nullable().optional(),
  speak: z.string().optional(),
  lang: z.string().optional(),
  verticalContentAlignment: oneOf(VERTICALS).optional(),
  msteams: z
    .strictObject({ width: oneOf(["Full"]).optional(), entities: z.array(z.unknown()).optional() })
    .optional(),
});

/** Elements of a body, a container, a column or a cell. */
export const Element = z.discriminatedUnion("type", [
  TextBlock,
  RichTextBlock,
  Image,
  ImageSet,
  Container,
  ColumnSet,
  FactSet,
  Table,
  ActionSet,
]);
export type Element = z.infer<typeof Element>;

/** Actions of a card, of an action set, or of what can be pressed. */
export const Action = z.discriminatedUnion("type", [OpenUrl, ShowCard]);
export type Action = z.infer<typeof Action>;
