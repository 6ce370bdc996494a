import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { type ApprovalView, approvalPage } from "../../../shared/console/approval-page.ts";
import {
  approvedApproval,
  firstApproval,
  halfApproval,
  NOW,
  openApproval,
  rejectedApproval,
  viewer,
} from "./sample.ts";

const token = "header.claims.signature";
const lead = { email: "project-lead@example.com", persona: "project-lead" };
const expired = { ...openApproval, status: "expired" as const };
const show = (view: ApprovalView) => parseHTML(approvalPage(view, NOW)).document;
const open = (approval = openApproval) => show({ state: "open", approval, viewer, token });

const SENTENCES: [string, ApprovalView, string][] = [
  [
    "two people are missing",
    { state: "open", approval: openApproval, viewer, token },
    "weather-max version 2 waits for 2 approvals, until Wed 15 Jul 2026, 14:00 UTC",
  ],
  [
    "one of two is missing",
    { state: "open", approval: halfApproval, viewer: lead, token },
    "weather-max version 2 waits for one more approval, until Wed 15 Jul 2026, 14:00 UTC",
  ],
  [
    "the reader has decided and others have not",
    { state: "already-decided", approval: halfApproval, viewer },
    "You approved weather-max version 2; it waits for one more approval, until Wed 15 Jul 2026, 14:00 UTC",
  ],
  [
    "all approved",
    { state: "closed", approval: approvedApproval, viewer },
    "weather-max version 2 was approved",
  ],
  [
    "one rejected",
    { state: "closed", approval: rejectedApproval, viewer },
    "weather-max version 1b was rejected",
  ],
  [
    "time is up",
    { state: "closed", approval: expired, viewer },
    "weather-max version 2 was not decided in time",
  ],
  ["the link is too old", { state: "expired" }, "This link has expired."],
  ["the link is forged", { state: "invalid" }, "This link opens nothing."],
  ["the evidence changed", { state: "superseded" }, "The evidence has changed since this link was sent."],
];

test.each(SENTENCES)("says first how things stand when %s", (_, view, sentence) => {
  expect(show(view).querySelector("main > :first-child")?.textContent).toBe(sentence);
});

test("has one form, which posts the token to the request's own address", () => {
  const forms = open().querySelectorAll("form");
  expect(forms).toHaveLength(1);
  expect(forms[0]?.getAttribute("method")).toBe("post");
  expect(forms[0]?.getAttribute("action")).toBe("/approvals/promotion-weather-max-2-approval");
  expect(forms[0]?.querySelector("input[name=token]")?.getAttribute("value")).toBe(token);
});

test.each(SENTENCES.filter(([, { state }]) => state !== "open"))("has no form when %s", (_, view) => {
  expect(show(view).querySelectorAll("form, button, input")).toHaveLength(0);
});

test.each([
  {
    to: "replace a champion",
    approval: openApproval,
    words: [
      "Approve: move traffic to version 2 in steps of 10 %, 50 %, 100 %",
      "Reject: version 1 keeps serving",
    ],
  },
  {
    to: "go first",
    approval: firstApproval,
    words: ["Approve: give version 1 all traffic of weather-max", "Reject: nothing serves, as before"],
  },
])("the buttons say what they do when a version is to $to", ({ approval, words }) => {
  const buttons = [...open(approval).querySelectorAll("button[name=decision]")];
  expect(buttons.map((button) => button.textContent)).toEqual(words);
  expect(buttons.map((button) => button.getAttribute("value"))).toEqual(["approve", "reject"]);
});

test("shows each figure beside champion, difference, interval, tolerance and limit", () => {
  const cells = [...(open().querySelector("tbody tr")?.children ?? [])].map(({ textContent }) => textContent);
  expect(cells).toEqual([
    "rmse",
    "2.14 °C",
    "4.08 °C",
    "−1.94 °C",
    "−2.61 to −1.27 °C",
    "up to +0.1 °C",
    "at most 6 °C",
  ]);
});

test("says what went wrong above everything else but the sentence", () => {
  const problem = "A rejection needs a comment: say what should change.";
  const page = show({ state: "open", approval: openApproval, viewer, token, problem });
  expect(page.querySelector("h1 + [role=alert]")?.textContent).toBe(problem);
});

test("names who decided what, when and why", () => {
  const page = show({ state: "closed", approval: rejectedApproval, viewer });
  const row = [...page.querySelectorAll("tr")].find((one) => one.textContent.includes("rejected"));
  expect(row?.textContent).toContain("ml-approver@example.com");
  expect(row?.textContent).toContain("Trained on a week with a broken sensor: retrain without 3 July.");
  expect(row?.querySelector("time")?.getAttribute("datetime")).toBe("2026-07-12T13:40:00.000Z");
});

test.each(["expired", "invalid", "superseded"] as const)(
  "shows no evidence to whom the link is %s",
  (state) => {
    const page = approvalPage({ state }, NOW);
    expect(page).not.toMatch(/weather-max|example\.com|rmse/);
  },
);

test("has no way into the console, and does not change by itself", () => {
  expect(open().querySelectorAll("nav, script, [data-live]")).toHaveLength(0);
});

test("shows hostile names and comments as text", () => {
  const hostile = '<script>alert(1)</script><a href="javascript:alert(1)">';
  const packet = { ...openApproval.packet, model: hostile, version: hostile };
  const decisions = halfApproval.decisions.map((word) => ({ ...word, comment: hostile }));
  const page = open({ ...openApproval, packet, decisions });
  expect(page.querySelectorAll("script, a")).toHaveLength(0);
  expect(page.querySelector("h1")?.textContent).toContain("<script>alert(1)</script>");
});
