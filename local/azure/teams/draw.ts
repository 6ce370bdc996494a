import { type ComponentChildren, h } from "preact";
import type * as z from "zod";
import * as kinds from "./kinds.ts";
import { piecesOf, safeHref } from "./markdown.ts";

/**
 * Draws a card as it looks in Teams. Everything a card says is text or an address that is checked; looks are classes,
 * because the page's policy takes no inline style.
 *
 * @param card - one that `problemsOf` found nothing wrong with
 */
export function drawCard(card: unknown): ComponentChildren {
  const { body = [], actions = [], selectAction, rtl } = kinds.Card.parse(card);
  return h(
    "div",
    { class: "card", dir: rtl ? "rtl" : undefined },
    body.map(drawElement),
    drawPressed(selectAction),
    actions.length > 0 && drawActions(actions),
  );
}

function drawElement(raw: unknown): ComponentChildren {
  const element = kinds.Element.parse(raw);
  if (element.isVisible === false) return null;
  const content = drawContent(element);
  const gap = `gap-${element.spacing ?? "default"}${element.separator ? " separated" : ""}`;
  return h("div", { class: gap }, content);
}

function drawContent(element: kinds.Element): ComponentChildren {
  switch (element.type) {
    case "TextBlock":
      return drawText(element);
    case "RichTextBlock":
      return h("p", { class: alignment(element.horizontalAlignment) }, element.inlines.map(drawRun));
    case "Image":
      return drawImage(element);
    case "ImageSet":
      return h("div", { class: "images" }, drawImages(element));
    case "Container":
      return drawBox(element, element.items);
    case "ColumnSet":
      return drawColumns(element);
    case "FactSet":
      return h(
        "dl",
        { class: "facts" },
        element.facts.map(({ title, value }) => [
          h("dt", null, drawPieces(title)),
          h("dd", null, drawPieces(value)),
        ]),
      );
    case "Table":
      return drawTable(element);
    case "ActionSet":
      return drawActions(element.actions);
  }
}

type Text = z.infer<typeof kinds.TextBlock>;
type Font = Pick<Text, "size" | "weight" | "color" | "isSubtle" | "fontType">;

function fontClass({ size, weight, color, isSubtle, fontType }: Font): string {
  const classes = [
    size && `size-${size}`,
    weight && `weight-${weight}`,
    color && `color-${color}`,
    isSubtle && "subtle",
    fontType === "monospace" && "monospace",
  ];
  return classes.filter(Boolean).join(" ");
}

function drawText(element: Text): ComponentChildren {
  const { text, style, wrap, horizontalAlignment } = element;
  const clip = wrap ? "" : "clip";
  const classes = [
    "text",
    fontClass(element),
    alignment(horizontalAlignment),
    clip,
    style === "columnHeader" && "weight-bolder",
  ];
  // What is cut off can still be read: a card's reader in Teams has a tooltip, too.
  const properties = { class: classes.filter(Boolean).join(" "), title: wrap ? undefined : text };
  return h(style === "heading" ? "h2" : "p", properties, text.split("\n").map(drawLine));
}

function drawLine(line: string, index: number): ComponentChildren {
  const item = /^\s*[-*] (.*)$/.exec(line);
  return [index > 0 && h("br", null), item ? ["• ", drawPieces(item[1] ?? "")] : drawPieces(line)];
}

function drawPieces(text: string): ComponentChildren {
  return piecesOf(text).map(({ text: words, look, href }) => {
    if (href) return link(href, words);
    if (look === "bold") return h("strong", null, words);
    return look === "italic" ? h("em", null, words) : words;
  });
}

function drawRun(raw: unknown): ComponentChildren {
  if (typeof raw === "string") return raw;
  const run = kinds.TextRun.parse(raw);
  const marks = [
    run.italic && "italic",
    run.strikethrough && "struck",
    run.underline && "underlined",
    run.highlight && "marked",
  ];
  const text = h("span", { class: [fontClass(run), ...marks].filter(Boolean).join(" ") }, run.text);
  const action = run.selectAction === undefined ? undefined : kinds.OpenUrl.parse(run.selectAction);
  const { href } = safeHref(action?.url);
  return href ? link(href, text) : text;
}

/** The set's size counts for every image in it. */
function drawImages({
  images,
  imageSize: size = "medium",
}: z.infer<typeof kinds.ImageSet>): ComponentChildren {
  return images.map((image) => drawImage({ ...kinds.Image.parse(image), size }));
}

/** Nothing is loaded from elsewhere: a picture that is not in the card itself is told, not shown. */
function drawImage({
  url,
  altText,
  size,
  style,
  selectAction,
}: z.infer<typeof kinds.Image>): ComponentChildren {
  const classes = ["image", `image-${size ?? "auto"}`, style === "person" && "person"]
    .filter(Boolean)
    .join(" ");
  const picture = url.startsWith("data:")
    ? h("img", { class: classes, src: url, alt: altText ?? "" })
    : h(
        "span",
        { class: `${classes} absent`, title: url },
        altText || "Image",
        h("small", null, " (not loaded here)"),
      );
  return h("div", { class: "picture" }, picture, drawPressed(selectAction));
}

type Box = Pick<
  z.infer<typeof kinds.Container>,
  "style" | "selectAction" | "rtl" | "verticalContentAlignment"
>;

function drawBox(box: Box, items: readonly unknown[], more = ""): ComponentChildren {
  const vertical = box.verticalContentAlignment ? `vertical-${box.verticalContentAlignment}` : "";
  const classes = ["box", box.style && `box-${box.style}`, vertical, more].filter(Boolean).join(" ");
  const content = [items.map(drawElement), drawPressed(box.selectAction)];
  return h("div", { class: classes, dir: box.rtl ? "rtl" : undefined }, content);
}

function drawColumns({
  columns = [],
  style,
  selectAction,
}: z.infer<typeof kinds.ColumnSet>): ComponentChildren {
  const drawn = columns.map((raw) => {
    const column = kinds.Column.parse(raw);
    if (column.isVisible === false) return null;
    return drawBox(column, column.items ?? [], `column ${widthClass(column.width)}`);
  });
  return [
    h("div", { class: `columns${style ? ` box box-${style}` : ""}` }, drawn),
    drawPressed(selectAction),
  ];
}

/** A width as one of the stylesheet's classes: a weight from 1 to 20, or pixels in steps of 20 up to 400. */
function widthClass(width: string | number = "stretch"): string {
  const text = String(width).toLowerCase();
  if (text === "auto" || text === "stretch") return `width-${text}`;
  const amount = Number.parseFloat(text);
  if (text.endsWith("px")) return `pixels-${Math.min(400, Math.max(20, Math.round(amount / 20) * 20))}`;
  return `weight-of-${Math.min(20, Math.max(1, Math.round(amount)))}`;
}

function drawTable({
  rows = [],
  firstRowAsHeader = true,
  showGridLines = true,
}: z.infer<typeof kinds.Table>): ComponentChildren {
  const drawn = rows.map((raw, index) => {
    const { cells = [], style } = kinds.TableRow.parse(raw);
    const isHeader = firstRowAsHeader && index === 0;
    const drawCell = (cell: unknown) => {
      const read = kinds.TableCell.parse(cell);
      return h(isHeader ? "th" : "td", isHeader ? { scope: "col" } : null, drawBox(read, read.items));
    };
    return h("tr", { class: style && `box-${style}` }, cells.map(drawCell));
  });
  // Scrolls in its own box when it is wider than the card, by keyboard, too.
  const region = { class: "scroll", tabIndex: 0, role: "region", "aria-label": "Table" };
  return h("div", region, h("table", { class: showGridLines ? "grid" : undefined }, h("tbody", null, drawn)));
}

function drawActions(actions: readonly unknown[]): ComponentChildren {
  return h("div", { class: "actions" }, actions.map(drawAction));
}

function drawAction(raw: unknown): ComponentChildren {
  const action = kinds.Action.parse(raw);
  if (action.type === "Action.ShowCard") {
    return h("details", null, h("summary", null, action.title ?? "Show more"), drawCard(action.card));
  }
  const { href } = safeHref(action.url);
  const title = action.title ?? action.url;
  if (!href || action.isEnabled === false) return h("span", { class: "action off" }, title);
  return h(
    "a",
    { class: `action action-${action.style ?? "default"}`, ...away(href), title: action.tooltip },
    title,
  );
}

/** What Teams does on a press anywhere is a link here. */
function drawPressed(raw: unknown): ComponentChildren {
  if (raw === undefined) return null;
  const { url, title } = kinds.OpenUrl.parse(raw);
  const { href } = safeHref(url);
  return href ? h("p", { class: "pressed" }, link(href, title ?? "Open")) : null;
}

function link(href: string, content: ComponentChildren): ComponentChildren {
  return h("a", away(href), content);
}

/** The mailbox stays where it is; the page that is opened learns nothing of it. */
function away(href: string) {
  return { href, target: "_blank", rel: "noopener noreferrer" };
}

function alignment(value: string | undefined): string {
  return value ? `align-${value}` : "";
}
