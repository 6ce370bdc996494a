import { expect, test } from "vitest";
import { item, PROJECT, startLabelling } from "./labelling.ts";

const AT = "/api/projects/march";

test("a project takes poorly predicted samples and says how far it is", async () => {
  const { call, origin } = await startLabelling();
  const made = await call("PUT", AT, PROJECT);
  expect(made.status).toBe(201);
  expect(made.json).toMatchObject({
    name: "march",
    title: "Requests of March",
    column: "text",
    labels: ["billing", "repair"],
    status: "InProgress",
    total: 3,
    answered: 0,
    claimed: 0,
    open: 3,
    page: `${origin}/labelling/march`,
    createdAt: "2025-03-21T09:00:00.000Z",
  });
  expect((await call("GET", "/api/projects")).json.value).toEqual([made.json]);
});

test("the same project again changes nothing, and one more sample is added", async () => {
  const { call } = await startLabelling();
  await call("PUT", AT, PROJECT);
  await call("POST", `${AT}/items/t-1/answer`, { label: "billing", annotator: "tester" });
  const again = await call("PUT", AT, { ...PROJECT, items: [...PROJECT.items, item("t-4", "no receipt")] });
  expect(again.status).toBe(200);
  expect(again.json).toMatchObject({ total: 4, answered: 1 });
});

test("a project of the same name with other labels is refused", async () => {
  const { call } = await startLabelling();
  await call("PUT", AT, PROJECT);
  const other = await call("PUT", AT, { ...PROJECT, labels: ["yes", "no"] });
  expect(other.status).toBe(409);
  expect(other.json.error.message).toBe(
    "Project 'march' labels each text as one of billing, repair; expected the same, or another name.",
  );
});

test("a claimed sample is kept for ten minutes from whoever asks next", async () => {
  const { call, clock } = await startLabelling();
  await call("PUT", AT, PROJECT);
  const first = await call("POST", `${AT}/claim`, { annotator: "one", count: 2 });
  expect(first.json.value.map(({ id }: { id: string }) => id)).toEqual(["t-1", "t-2"]);
  expect(first.json.value[0]).toMatchObject({ claimedBy: "one", claimedUntil: "2025-03-21T09:10:00.000Z" });
  const second = await call("POST", `${AT}/claim`, { annotator: "two", count: 5 });
  expect(second.json.value.map(({ id }: { id: string }) => id)).toEqual(["t-3"]);
  expect((await call("GET", AT)).json).toMatchObject({ claimed: 3, open: 0 });
  clock.advance(10 * 60_000);
  expect((await call("GET", AT)).json).toMatchObject({ claimed: 0, open: 3 });
});

test("items are listed by state, page by page", async () => {
  const { call } = await startLabelling();
  await call("PUT", AT, PROJECT);
  await call("POST", `${AT}/items/t-2/answer`, { label: "repair", annotator: "tester" });
  const open = await call("GET", `${AT}/items?state=open&top=1`);
  expect(open.json.value).toMatchObject([
    { id: "t-1", text: "charged twice", prediction: "repair", confidence: 0.41 },
  ]);
  const rest = await (await fetch(open.json.nextLink)).json();
  expect(rest.value).toMatchObject([{ id: "t-3" }]);
  expect((await call("GET", `${AT}/items?state=answered`)).json.value).toMatchObject([
    { id: "t-2", label: "repair", answeredBy: "tester", answeredAt: "2025-03-21T09:00:00.000Z" },
  ]);
});

test("what is answered comes out as training data, and a corrected answer replaces the first", async () => {
  const { call } = await startLabelling();
  await call("PUT", AT, PROJECT);
  await call("POST", `${AT}/items/t-1/answer`, { label: "repair", annotator: "tester" });
  await call("POST", `${AT}/items/t-1/answer`, { label: "billing", annotator: "lead" });
  const data = await call("GET", `${AT}/export`);
  expect(data.headers.get("content-type")).toBe("application/x-ndjson");
  expect(data.text).toBe(
    '{"id":"t-1","date":"2025-03-20","label":"billing","text":"charged twice","annotator":"lead"}\n',
  );
});

test("the demonstration answers with the true labels, and the project is then complete", async () => {
  const { call } = await startLabelling();
  await call("PUT", AT, PROJECT);
  expect((await call("POST", `${AT}/annotate`, { count: 1 })).json).toMatchObject({ answered: 1 });
  const rest = await call("POST", `${AT}/annotate`);
  expect(rest.json).toMatchObject({ answered: 2, project: { status: "Completed", answered: 3 } });
  const labels = (await call("GET", `${AT}/export`)).text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).label);
  expect(labels).toEqual(["billing", "repair", "billing"]);
});

test("the demonstration answers nothing when it does not know every truth", async () => {
  const { call } = await startLabelling();
  await call("PUT", AT, { ...PROJECT, items: [...PROJECT.items, item("stranger", "who am I")] });
  const refused = await call("POST", `${AT}/annotate`);
  expect(refused.status).toBe(409);
  expect(refused.json.error).toEqual({
    code: "TruthUnknown",
    message:
      "Nobody here knows the true label of 'stranger', expected a sample of this world: a person must label it.",
  });
  expect((await call("GET", AT)).json.answered).toBe(0);
});

test("answers survive a restart", async () => {
  const first = await startLabelling();
  await first.call("PUT", AT, PROJECT);
  await first.call("POST", `${AT}/items/t-3/answer`, { label: "billing", annotator: "tester" });
  await first.stop();
  const { call } = await startLabelling(first.folder);
  expect((await call("GET", AT)).json).toMatchObject({ total: 3, answered: 1 });
  expect((await call("GET", `${AT}/items?state=answered`)).json.value).toMatchObject([{ id: "t-3" }]);
});

test.each([
  { what: "no JSON", body: "{", says: "The body is no JSON, expected an object." },
  { what: "one label", body: { ...PROJECT, labels: ["billing"] }, says: "labels: " },
  {
    what: "an item without its text",
    body: { ...PROJECT, column: "image" },
    says: "items.0.image: expected the image",
  },
  { what: "a field that is not known", body: { ...PROJECT, colour: "red" }, says: "colour" },
])("a project with $what is refused by the name of what is wrong", async ({ body, says }) => {
  const { call } = await startLabelling();
  const refused = await call("PUT", AT, body);
  expect(refused.status).toBe(400);
  expect(refused.json.error.message).toContain(says);
});

test("an unknown label, item or project is refused by name", async () => {
  const { call } = await startLabelling();
  await call("PUT", AT, PROJECT);
  const answer = { label: "sales", annotator: "tester" };
  expect((await call("POST", `${AT}/items/t-1/answer`, answer)).json.error.message).toBe(
    "The label is 'sales', expected one of billing, repair.",
  );
  expect((await call("POST", `${AT}/items/none/answer`, answer)).status).toBe(404);
  expect((await call("GET", "/api/projects/april")).json.error.message).toBe(
    "There is no labelling project 'april'.",
  );
  expect((await call("DELETE", AT)).json.error.message).toBe(
    "Method DELETE is not for this address, use PUT.",
  );
});

test("a person answers on the page, is shown the next sample, and then that all is done", async () => {
  const { call } = await startLabelling();
  await call("PUT", AT, PROJECT);
  for (const [id, text, label] of [
    ["t-1", "charged twice", "billing"],
    ["t-2", "it is broken", "repair"],
    ["t-3", "wrong invoice", "billing"],
  ] as const) {
    const page = await call("GET", "/march");
    expect(page.text).toContain(`<blockquote>${text}</blockquote>`);
    const answered = await call("POST", "/march", `item=${id}&label=${label}`);
    expect([answered.status, answered.headers.get("location")]).toEqual([303, "/labelling/march"]);
  }
  expect((await call("GET", "/march")).text).toContain("Everything is labelled.");
});

test("skipping shows the sample behind, and the first again after the last", async () => {
  const { call } = await startLabelling();
  await call("PUT", AT, PROJECT);
  expect((await call("GET", "/march?after=1")).text).toContain("<blockquote>it is broken</blockquote>");
  expect((await call("GET", "/march?after=3")).text).toContain("<blockquote>charged twice</blockquote>");
});

test("a page of another site answers nothing", async () => {
  const { call } = await startLabelling();
  await call("PUT", AT, PROJECT);
  for (const headers of [{ origin: "https://elsewhere.example" }, { "sec-fetch-site": "cross-site" }]) {
    expect((await call("POST", "/march", "item=t-1&label=billing", headers)).status).toBe(400);
    expect((await call("POST", `${AT}/annotate`, {}, headers)).status).toBe(400);
  }
  expect((await call("GET", AT)).json.answered).toBe(0);
});
