import { invalidInput, StorageError } from "../errors.ts";

/** One request of an entity group transaction. */
export interface BatchPart {
  readonly method: string;
  readonly url: URL;
  /** Lower-case keys. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Splits the multipart body of a transaction into its requests.
 *
 * @throws {StorageError} 400 InvalidInput when the parts cannot be told apart
 * @see https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions
 */
export function parseBatch(contentType: string, body: string): BatchPart[] {
  const batch = multipart(contentType, body);
  const [changeset, ...others] = batch;
  if (!changeset || others.length > 0) {
    throw invalidInput(`The batch has ${batch.length} parts, expected exactly one change set.`);
  }
  const { head, rest } = splitHead(changeset);
  const type = readHeaders(head)["content-type"] ?? "";
  if (!type.startsWith("multipart/mixed")) {
    throw new StorageError(
      501,
      "NotImplemented",
      "A query inside a batch is not simulated; expected a change set.",
    );
  }
  return multipart(type, rest).map(readPart);
}

function multipart(contentType: string, body: string): string[] {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (!boundary) throw invalidInput(`The Content-Type '${contentType}' names no multipart boundary.`);
  // A boundary counts only at the beginning of a line: values may hold the same text.
  const [, ...parts] = `\r\n${body}`.split(`\r\n--${boundary}`);
  if (parts.pop()?.startsWith("--") !== true)
    throw invalidInput("The batch is cut off: its last boundary is missing.");
  return parts.map((part) => part.replace(/^\r\n/, ""));
}

function splitHead(text: string): { head: string; rest: string } {
  const end = text.indexOf("\r\n\r\n");
  return end < 0 ? { head: text, rest: "" } : { head: text.slice(0, end), rest: text.slice(end + 4) };
}

function readHeaders(head: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of head.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return headers;
}

function readPart(part: string): BatchPart {
  const request = splitHead(part).rest.replace(/^(\r\n)+/, "");
  const { head, rest } = splitHead(request);
  const match = /^([A-Z]+) (\S+) HTTP\/1\.1/.exec(head);
  const [, method = "", target = ""] = match ?? [];
  const url = URL.canParse(target) ? new URL(target) : undefined;
  if (!url)
    throw invalidInput(
      `A request of the batch begins with '${head.slice(0, 60)}', expected 'METHOD URL HTTP/1.1'.`,
    );
  return { method, url, headers: readHeaders(head.slice(head.indexOf("\r\n") + 2)), body: rest.trim() };
}

export interface PartAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const REASONS: Record<number, string> = {
  201: "Created",
  204: "No Content",
  400: "Bad Request",
  404: "Not Found",
};

/** The multipart answer: one part for each request, or one alone that says what failed. */
export function formatBatch(
  id: string,
  answers: readonly PartAnswer[],
): { contentType: string; body: string } {
  const changeset = `changesetresponse_${id}`;
  const parts = answers.map((answer) => {
    const headers = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const status = `HTTP/1.1 ${answer.status} ${REASONS[answer.status] ?? "Failed"}\r\n`;
    const preamble = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n";
    return `--${changeset}\r\n${preamble}${status}${headers.join("")}\r\n${answer.body ?? ""}\r\n`;
  });
  const begin = `--batchresponse_${id}\r\nContent-Type: multipart/mixed; boundary=${changeset}\r\n\r\n`;
  return {
    contentType: `multipart/mixed; boundary=batchresponse_${id}`,
    body: `${begin}${parts.join("")}--${changeset}--\r\n--batchresponse_${id}--\r\n`,
  };
}
