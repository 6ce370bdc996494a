/** A picture of one grey point: what a card may hold without anything being loaded. */
export const POINT =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNsaGj4DwAFhAKAjM1mJgAAAABJRU5ErkJggg==";

/** A card as an approval is asked for by: every element that the drawing knows is in it. */
export const approvalCard = {
  $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
  type: "AdaptiveCard",
  version: "1.5",
  msteams: { width: "Full" },
  body: [
    {
      type: "TextBlock",
      text: "Approve **weather-max** version 7",
      size: "Large",
      weight: "Bolder",
      wrap: true,
      style: "heading",
    },
    {
      type: "TextBlock",
      text: "Waits for one of two until [Tuesday](https://example.com/t), 14:00 UTC",
      isSubtle: true,
      wrap: true,
      spacing: "None",
    },
    {
      type: "ColumnSet",
      separator: true,
      columns: [
        {
          type: "Column",
          width: "60px",
          items: [{ type: "Image", url: POINT, altText: "Weather", size: "Small", style: "Person" }],
        },
        {
          type: "Column",
          width: 2,
          items: [
            { type: "TextBlock", text: "RMSE 2.9 °C", weight: "Bolder", color: "Good", wrap: true },
            { type: "TextBlock", text: "champion 3.3 °C", isSubtle: true, spacing: "None" },
          ],
        },
        {
          width: "auto",
          items: [{ type: "Image", url: "https://example.com/chart.png", altText: "Error over time" }],
        },
      ],
    },
    {
      type: "FactSet",
      facts: [
        { title: "Cause", value: "drift of temp_min, PSI 0.31" },
        { title: "Checks", value: "6 of 6 pass" },
        { title: "Cost per month", value: "142 EUR, 0 more" },
      ],
    },
    {
      type: "Container",
      style: "warning",
      items: [
        {
          type: "RichTextBlock",
          inlines: [
            "Rolls back to ",
            { type: "TextRun", text: "version 6", weight: "Bolder" },
            " at any breach.",
          ],
        },
      ],
    },
    {
      type: "Table",
      columns: [{ width: 2 }, { width: 1 }, { width: 1 }],
      rows: [
        ["Metric", "Candidate", "Champion"],
        ["RMSE, °C", "2.9", "3.3"],
        ["p95 latency, ms", "41", "39"],
      ].map((cells) => ({
        type: "TableRow",
        cells: cells.map((text) => ({ type: "TableCell", items: [{ type: "TextBlock", text, wrap: true }] })),
      })),
    },
    { type: "TextBlock", text: "hidden", isVisible: false },
    { type: "ImageSet", imageSize: "Small", images: [{ type: "Image", url: POINT, altText: "One" }] },
    {
      type: "ActionSet",
      actions: [{ type: "Action.OpenUrl", title: "Evidence", url: "https://example.com/evidence" }],
    },
  ],
  actions: [
    {
      type: "Action.OpenUrl",
      title: "Open the request",
      url: "http://localhost:7071/approvals/1",
      style: "positive",
    },
    {
      type: "Action.ShowCard",
      title: "Why?",
      card: {
        type: "AdaptiveCard",
        body: [{ type: "TextBlock", text: "Because its inputs drifted.", wrap: true }],
      },
    },
  ],
};

export const messageOf = (...cards: unknown[]) => ({
  type: "message",
  attachments: cards.map((content) => ({
    contentType: "application/vnd.microsoft.card.adaptive",
    contentUrl: null,
    content,
  })),
});

/** The smallest card that holds `element`. */
export const cardWith = (...body: unknown[]) => ({ type: "AdaptiveCard", version: "1.5", body });
