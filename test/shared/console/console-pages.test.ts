import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { homePage } from "../../../shared/console/home-page.ts";
import { inboxPage } from "../../../shared/console/inbox-page.ts";
import { ledgerPage } from "../../../shared/console/ledger-page.ts";
import { modelPage } from "../../../shared/console/model-page.ts";
import { operationPage } from "../../../shared/console/operation-page.ts";
import type { HeldBack } from "../../../shared/policy/decision.ts";
import { model, pages } from "./gallery.ts";
import { entries, inbox, modelState, NOW, operations, promotion, retraining, timeline } from "./sample.ts";

const read = (name: string) => parseHTML(pages[name] ?? "").document;

test.each([
  ["home", "1 approval waits for people; 2 operations running."],
  ["home-empty", "Nothing needs a person; nothing runs."],
  ["model", "weather-max: version 1 serves. Version 2 of weather-max was retrained and is being promoted."],
  ["model-empty", "rain-tomorrow: nothing serves yet. Nothing is under way."],
  ["operation", "weather-max version 2 waits for 2 approvals, until Wed 15 Jul 2026, 14:00 UTC."],
  ["approvals", "1 approval waits for people."],
  ["approvals-empty", "No approval is waited for."],
  ["ledger", "✓ The ledger is verified to entry 7."],
  ["ledger-empty", "✓ The ledger is verified to entry 0."],
  ["inbox", "3 payloads came in, 1 could not be read."],
  ["missing", "There is no model “weather-min”."],
])("%s answers its question in its first sentence", (name, sentence) => {
  expect(read(name).querySelector("main > :first-child")?.textContent).toBe(sentence);
});

test("a broken ledger says where and how", () => {
  const verification = { verified: false, entries: 3, broken: { sequence: 4, reason: "entry 4 is missing" } };
  const { document } = parseHTML(ledgerPage({ entries, verification, now: NOW }));
  expect(document.querySelector("h1")?.textContent).toBe(
    "✗ The ledger is broken at entry 4: entry 4 is missing. It is verified to entry 3.",
  );
});

test("an empty section says what will appear and when", () => {
  const empties = [...read("home-empty").querySelectorAll(".empty")].map(({ textContent }) => textContent);
  expect(empties).toContain("Nothing runs. A signal that calls for work starts it.");
  expect(empties).toHaveLength(4);
});

test("a freeze is announced with its end and its reason", () => {
  expect(read("home").querySelector(".notice")?.textContent).toBe(
    "rain-tomorrow is frozen until Wed 15 Jul 2026, 00:00 UTC: Regional election coverage: no changes.",
  );
});

describe("the page of a model", () => {
  test("draws every evaluation with its numbers in a table below", () => {
    const page = read("model");
    expect(page.querySelector("svg title")?.textContent).toBe("rmse in °C at each evaluation");
    expect(page.querySelector("svg desc")?.textContent).toContain("candidate version 2: 2.14 °C");
    expect(page.querySelectorAll("svg circle.candidate")).toHaveLength(3);
    expect(page.querySelectorAll("svg rect.champion")).toHaveLength(2);
    const table = page.querySelector("[aria-label=Evaluations]")?.textContent;
    expect(table).toContain("rmse 2.14 °C");
    expect(table).toContain("rmse 4.08 °C");
  });

  test("marks the evaluation after which a version went live", () => {
    expect(read("model").querySelectorAll("svg .rule")).toHaveLength(1);
  });

  test("says why a decision was held back, and until when", () => {
    const rows = [...read("model").querySelectorAll("[aria-label='Signals and decisions'] tbody tr")];
    const held = rows.find(({ textContent }) => textContent.includes("held by cool-down"));
    expect(held?.textContent).toContain("held by cool-down until 20 minutes ago");
    expect(held?.textContent).toContain("Held back by cool-down until Tue 14 Jul 2026, 13:40 UTC");
  });

  test("says what a hold waits for that no clock ends", () => {
    const [entry] = model.decisions;
    if (!entry) throw new Error("the sample has no decision");
    const heldBack: HeldBack = {
      hold: "operation-under-way",
      until: null,
      untilEvent: { event: "operation-end", operation: "op-1", kind: "retraining" },
      liftedBy: "the end of operation op-1",
    };
    const evidence = { decision: { ...Object(entry.evidence.decision), heldBack } };
    const { document } = parseHTML(modelPage({ ...model, decisions: [{ ...entry, evidence }] }));
    expect(document.querySelector("[aria-label='Signals and decisions'] tbody tr")?.textContent).toContain(
      "held by operation-under-way until operation op-1 ends",
    );
  });

  test("names the file and the line of each policy value", () => {
    const rows = [...read("model").querySelectorAll("#policy tbody tr")].map(({ children }) =>
      [...children].map(({ textContent }) => textContent),
    );
    const steps = rows.find(([path]) => path === "rollout.steps");
    expect(steps?.[1]).toBe("[10,50,100]");
    expect(steps?.[2]).toMatch(/^policy\.yaml, line \d+$/);
  });
});

test("the timeline folds attempts and leaves a wait open", () => {
  const rows = [...read("operation").querySelectorAll("[aria-label=Timeline] tbody tr")].map(({ children }) =>
    [...children].slice(0, 4).map(({ textContent }) => textContent),
  );
  expect(rows).toContainEqual([
    "Look at job promotion-weather-max-2-quality",
    "✓ done",
    "4 minutes",
    "9 times",
  ]);
  expect(rows.at(-1)).toEqual(["Wait until Wed 15 Jul 2026, 14:00 UTC", "! waiting", "open", "once"]);
});

test("an operation links to what started it", () => {
  const link = read("operation").querySelector(`a[href="/console/operations/${retraining.id}"]`);
  expect(link?.textContent).toBe(retraining.id);
});

test("the inbox says which field could not be read, and why", () => {
  expect(read("inbox").body.textContent).toContain("data.modelVersion: found number, expected text");
});

test("hostile names are text, and never where a link goes", () => {
  const model = 'javascript:alert(1)//"><script>alert(1)</script>';
  const { document } = parseHTML(
    homePage({
      models: [{ state: { ...modelState, model }, lastDecision: null, freezes: [] }],
      operations: operations.map((one) => ({ ...one, model, sentence: model, id: model })),
      approvals: [],
      now: NOW,
    }),
  );
  expect(document.querySelectorAll("main script")).toHaveLength(0);
  for (const link of document.querySelectorAll("main a")) {
    expect(link.getAttribute("href")).toMatch(/^\/console\/(models|operations)\/javascript%3Aalert/);
  }
});

test.each(Object.keys(pages))("%s keeps to the rules that every page keeps to", (name) => {
  const html = pages[name] ?? "";
  const { document } = parseHTML(html);
  expect(Buffer.byteLength(html)).toBeLessThan(60_000);
  expect(document.querySelectorAll("h1")).toHaveLength(1);
  expect(document.querySelectorAll("[style], script:not([src]), [onclick]")).toHaveLength(0);
  for (const time of document.querySelectorAll("time")) expect(time.textContent).toContain(" UTC");
});

test("a page full of long entries stays under 60 KB", () => {
  const full = entries
    .slice(-1)
    .flatMap((one) => Array.from({ length: 60 }, () => ({ ...one, summary: "long words ".repeat(150) })));
  const ledger = ledgerPage({
    entries: full,
    verification: { verified: true, entries: 60, broken: null },
    now: NOW,
  });
  expect(Buffer.byteLength(ledger)).toBeLessThan(60_000);
  const payloads = inbox
    .slice(0, 1)
    .flatMap((one) => Array.from({ length: 60 }, () => ({ ...one, reason: "long words ".repeat(150) })));
  expect(Buffer.byteLength(inboxPage({ entries: payloads, now: NOW }))).toBeLessThan(60_000);
});

test("a long timeline shows its newest steps and says where the others are", () => {
  const steps = Array.from({ length: 103 }, (_, index) =>
    timeline.slice(0, 1).map((one) => ({ ...one, step: `Step ${index + 1}` })),
  ).flat();
  const status = { runtimeStatus: "Running", sentence: "It runs." };
  const html = operationPage({ operation: promotion, status, timeline: steps, children: [], now: NOW });
  const { document } = parseHTML(html);
  expect(document.querySelector("[aria-label=Timeline] tbody th")?.textContent).toBe("Step 4");
  expect(document.body.textContent).toContain(
    "3 earlier steps are not shown; all of them: GET /api/operations/promotion-weather-max-2",
  );
  expect(Buffer.byteLength(html)).toBeLessThan(60_000);
});

test("only a promotion under way can be called back", () => {
  expect(read("operation").body.textContent).toContain(
    "POST /api/operations/promotion-weather-max-2/rollback",
  );
  expect(read("operation-parent").body.textContent).not.toContain("/rollback");
});
