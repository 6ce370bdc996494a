import { approvalPage } from "../../../shared/console/approval-page.ts";
import { approvalsPage } from "../../../shared/console/approvals-page.ts";
import { evaluationPoints } from "../../../shared/console/evaluation-points.ts";
import { homePage } from "../../../shared/console/home-page.ts";
import { inboxPage } from "../../../shared/console/inbox-page.ts";
import { ledgerPage } from "../../../shared/console/ledger-page.ts";
import { missingPage } from "../../../shared/console/missing-page.ts";
import { modelPage } from "../../../shared/console/model-page.ts";
import { operationPage } from "../../../shared/console/operation-page.ts";
import { policyRows } from "../../../shared/console/policy-rows.ts";
import { verifyChain } from "../../../shared/ledger/entry.ts";
import { approvalMail } from "../../../shared/notify/templates/approval-mail.ts";
import { noticeMail } from "../../../shared/notify/templates/notice-mail.ts";
import * as sample from "./sample.ts";

const { NOW: now, openApproval, viewer } = sample;
const LINK = `https://outerloop.example.com/approvals/${openApproval.id}?token=${"eyJhbGciOiJIUzI1NiJ9.".repeat(9)}`;
const token = "eyJhbGciOiJIUzI1NiJ9.x.y";
const newestFirst = sample.entries.toReversed();

/** What the page of a model shows. */
export const model = {
  state: sample.modelState,
  points: evaluationPoints(sample.entries),
  operations: sample.operations.filter(({ model }) => model === "weather-max"),
  approvals: [openApproval],
  decisions: newestFirst.filter(({ kind }) => kind === "decision"),
  policy: sample.policy && { digest: sample.policy.digest, rows: policyRows(sample.policy) },
  now,
};

/** Every page in every state, by the name that its picture gets. */
export const pages: Readonly<Record<string, string>> = {
  "approval-open": approvalPage({ state: "open", approval: openApproval, viewer, token }, now),
  "approval-first": approvalPage({ state: "open", approval: sample.firstApproval, viewer, token }, now),
  "approval-problem": approvalPage(
    {
      state: "open",
      approval: openApproval,
      viewer,
      token,
      problem: "A rejection needs a comment: say what should change.",
    },
    now,
  ),
  "approval-already-decided": approvalPage(
    { state: "already-decided", approval: sample.halfApproval, viewer },
    now,
  ),
  "approval-approved": approvalPage({ state: "closed", approval: sample.approvedApproval, viewer }, now),
  "approval-rejected": approvalPage({ state: "closed", approval: sample.rejectedApproval, viewer }, now),
  "approval-expired": approvalPage({ state: "expired" }, now),
  "approval-invalid": approvalPage({ state: "invalid" }, now),
  "approval-superseded": approvalPage({ state: "superseded" }, now),
  home: homePage({
    models: [
      { state: sample.modelState, lastDecision: model.decisions[0] ?? null, freezes: [] },
      {
        state: sample.quietState,
        lastDecision: null,
        freezes: [
          {
            from: sample.minutes(-60),
            to: sample.minutes(600),
            reason: "Regional election coverage: no changes.",
          },
        ],
      },
    ],
    operations: sample.operations,
    approvals: [openApproval],
    now,
  }),
  "home-empty": homePage({ models: [], operations: [], approvals: [], now }),
  model: modelPage(model),
  "model-empty": modelPage({
    state: { ...sample.quietState, champion: null },
    points: [],
    operations: [],
    approvals: [],
    decisions: [],
    policy: null,
    now,
  }),
  operation: operationPage({
    operation: sample.promotion,
    status: {
      runtimeStatus: "Running",
      sentence: "weather-max version 2 waits for 2 approvals, until 2026-07-15T14:00:00.000Z.",
    },
    timeline: sample.timeline,
    children: [],
    now,
  }),
  "operation-parent": operationPage({
    operation: sample.retraining,
    status: { runtimeStatus: "Running", sentence: sample.retraining.sentence },
    timeline: [],
    children: [sample.promotion],
    now,
  }),
  approvals: approvalsPage({
    approvals: [sample.halfApproval, sample.rejectedApproval, sample.approvedApproval],
    now,
  }),
  "approvals-empty": approvalsPage({ approvals: [], now }),
  ledger: ledgerPage({ entries: newestFirst, verification: verifyChain(sample.entries), now }),
  "ledger-empty": ledgerPage({ entries: [], verification: verifyChain([]), now }),
  inbox: inboxPage({ entries: sample.inbox, now }),
  missing: missingPage("model", "weather-min"),
};

export const mails = {
  "mail-approval": approvalMail({ approval: openApproval, url: LINK, now }),
  "mail-reminder": approvalMail({ approval: sample.halfApproval, url: LINK, now, reminder: true }),
  "mail-rolled-back": noticeMail({
    subject: "rain-tomorrow version 8: rolled-back",
    sentence: sample.operations[2]?.sentence ?? "",
    facts: [
      ["Model", "rain-tomorrow"],
      ["Version", "8"],
      ["Cause", "Model rain-tomorrow version 8 was registered."],
    ],
    url: "https://outerloop.example.com/console/operations/promotion-rain-tomorrow-8",
    now,
  }),
} as const;
