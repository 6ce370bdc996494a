import type { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import { openSqliteFile } from "../sqlite-file.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS mails (
    id INTEGER PRIMARY KEY, operationId TEXT NOT NULL UNIQUE, receivedAt TEXT NOT NULL, sender TEXT NOT NULL,
    recipients TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL, html TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS enclosures (
    operationId TEXT PRIMARY KEY, replyTo TEXT NOT NULL, attachments TEXT NOT NULL) STRICT;
`;

/** A file that came with a mail. */
export const Attachment = z.object({
  name: z.string().min(1),
  contentType: z.string().min(1),
  contentInBase64: z.base64(),
  contentId: z.string().optional(),
});
export type Attachment = z.infer<typeof Attachment>;

const parsed = <T>(schema: z.ZodType<T>) =>
  z
    .string()
    .nullable()
    .transform((text) => (text === null ? undefined : schema.parse(JSON.parse(text))));

const Row = z
  .object({
    id: z.number(),
    operationId: z.string(),
    receivedAt: z.string(),
    sender: z.string(),
    recipients: z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text))),
    subject: z.string(),
    text: z.string(),
    html: z.string(),
    replyTo: parsed(z.array(z.string())),
    attachments: parsed(z.array(Attachment)),
  })
  .transform(({ sender: from, recipients: to, replyTo = [], attachments = [], ...rest }) => ({
    ...rest,
    from,
    to,
    ...(replyTo.length > 0 && { replyTo }),
    ...(attachments.length > 0 && { attachments }),
  }));

/** One mail as it arrived; `text` and `html` are empty when that part was not sent. `receivedAt` is ISO 8601. */
export type Mail = z.infer<typeof Row>;

const MAILS = "SELECT mails.*, replyTo, attachments FROM mails LEFT JOIN enclosures USING (operationId)";

/** The mails that arrived, in one SQLite file. */
export class MailStore {
  readonly #db: DatabaseSync;

  constructor(file: string) {
    this.#db = openSqliteFile(file, SCHEMA);
  }

  /** Once this returns, the mail survives kill -9. The same operation id again changes nothing. */
  add({ operationId, receivedAt, from, to, subject, text, html, ...more }: Omit<Mail, "id">): void {
    const { replyTo = [], attachments = [] } = more;
    if (replyTo.length + attachments.length > 0) {
      // First: without the mail that they are of, they are nothing yet.
      this.#db
        .prepare("INSERT INTO enclosures VALUES (?, ?, ?) ON CONFLICT (operationId) DO NOTHING")
        .run(operationId, JSON.stringify(replyTo), JSON.stringify(attachments));
    }
    const columns = "operationId, receivedAt, sender, recipients, subject, text, html";
    this.#db
      .prepare(
        `INSERT INTO mails (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (operationId) DO NOTHING`,
      )
      .run(operationId, receivedAt, from, JSON.stringify(to), subject, text, html);
  }

  hasOperation(operationId: string): boolean {
    return this.#db.prepare("SELECT 1 FROM mails WHERE operationId = ?").get(operationId) !== undefined;
  }

  mail(id: number): Mail | undefined {
    const row = this.#db.prepare(`${MAILS} WHERE id = ?`).get(id);
    return row && Row.parse(row);
  }

  /** Newest first. */
  mails(limit: number): Mail[] {
    return this.#db
      .prepare(`${MAILS} ORDER BY id DESC LIMIT ?`)
      .all(limit)
      .map((row) => Row.parse(row));
  }

  count(): number {
    return Number(this.#db.prepare("SELECT count(*) AS n FROM mails").get()?.n ?? 0);
  }

  close(): void {
    this.#db.close();
  }
}
