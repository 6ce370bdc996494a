import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { approvalMail } from "../../../../shared/notify/templates/approval-mail.ts";
import { noticeMail } from "../../../../shared/notify/templates/notice-mail.ts";
import { mails } from "../../console/gallery.ts";
import { NOW, openApproval } from "../../console/sample.ts";

const url = "https://outerloop.example.com/approvals/promotion-weather-max-2-approval?token=a.b.c";

test.each([
  { reminder: false, subject: "Approve weather-max version 2 by Wed 15 Jul 2026, 14:00 UTC" },
  { reminder: true, subject: "Reminder: approve weather-max version 2 by Wed 15 Jul 2026, 14:00 UTC" },
])("the subject says verb, model, version and deadline (reminder: $reminder)", ({ reminder, subject }) => {
  expect(approvalMail({ approval: openApproval, url, now: NOW, reminder }).subject).toBe(subject);
});

test("the mail's only link is the reader's own, once as a button and once as text", () => {
  const { document } = parseHTML(approvalMail({ approval: openApproval, url, now: NOW }).html);
  const links = [...document.querySelectorAll("a")];
  expect(links.map((link) => link.getAttribute("href"))).toEqual([url]);
  expect(document.body.textContent).toContain(url);
});

test("the mail says how the candidate compares, and that following the link decides nothing", () => {
  const { text } = approvalMail({ approval: openApproval, url, now: NOW });
  expect(text).toContain("quality: passed: rmse 2.14 °C, champion 4.08 °C, limit 6 °C");
  expect(text).toContain("Following the link decides nothing.");
});

describe.each(Object.entries(mails))("%s", (_, { subject, html, text }) => {
  const { document } = parseHTML(html);

  test("says the same in both parts", () => {
    const pieces = [...document.querySelectorAll("h1, th, td, a")].map(({ textContent }) => textContent);
    for (const piece of pieces) expect(text).toContain(piece);
  });

  test("needs no image, no script and no stylesheet", () => {
    expect(document.querySelectorAll("img, script, link, style, form")).toHaveLength(0);
  });

  test("has a subject of one line", () => {
    expect(subject).not.toMatch(/[\r\n]/);
  });
});

test("a hostile model name is text in every part", () => {
  const model = "m\r\nBcc: all@example.com<script>alert(1)</script>";
  const approval = { ...openApproval, packet: { ...openApproval.packet, model } };
  const mail = approvalMail({ approval, url, now: NOW });
  expect(mail.subject).not.toMatch(/[\r\n]/);
  expect(parseHTML(mail.html).document.querySelectorAll("script")).toHaveLength(0);
});

test("a notice without an address has no link", () => {
  const mail = noticeMail({
    subject: "m: failed",
    sentence: "It failed.",
    facts: [["Model", "m"]],
    now: NOW,
  });
  expect(mail.html).not.toContain("<a ");
  expect(mail.text).toBe("It failed.\n\nModel: m\nAt: Tue 14 Jul 2026, 14:00 UTC\n");
});
