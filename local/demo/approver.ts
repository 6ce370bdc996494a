import * as z from "zod";

const Mail = z.object({
  id: z.union([z.string(), z.number()]),
  subject: z.string(),
  text: z.string(),
  to: z.array(z.unknown()),
});
const Mails = z.array(Mail);
export type Mail = z.infer<typeof Mail>;

const LINK = /https?:\/\/\S+\/approvals\/\S+/;
const TOKEN = /name="token" value="([^"]+)"/;

/** Every mail that arrived, newest first. */
export async function readMailbox(mailbox: string): Promise<Mail[]> {
  const answer = await fetch(`${mailbox}.json`);
  return Mails.parse(await answer.json());
}

/** What happened when the approver followed a link and pressed Approve. */
export interface Visit {
  readonly link: string;
  /** The page showed the evidence, and following the link decided nothing. */
  readonly pageShowed: string;
  /** The page after the decision. */
  readonly pageAfter: string;
}

/** Plays the approver over HTTP: opens the link in the mail, reads the page, and submits its form. */
export async function approve(mail: Mail, comment: string): Promise<Visit> {
  const [link] = LINK.exec(mail.text) ?? [];
  if (!link) throw new Error(`The mail '${mail.subject}' has no link to an approval page.`);
  const page = await fetch(link);
  const pageShowed = await page.text();
  const [, token] = TOKEN.exec(pageShowed) ?? [];
  if (!page.ok || !token)
    throw new Error(`The approval page answered ${page.status}, expected a form with a token.`);
  const decided = await fetch(link.split("?")[0] ?? link, {
    method: "POST",
    body: new URLSearchParams({ token, decision: "approve", comment }),
  });
  const pageAfter = await decided.text();
  if (!decided.ok)
    throw new Error(`The decision was answered ${decided.status}, expected the page that shows it.`);
  return { link, pageShowed, pageAfter };
}
