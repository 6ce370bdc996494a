import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";

/** What a TLS listener needs, and the file by which its clients come to trust it. */
export interface Certificates {
  readonly key: string;
  readonly cert: string;
  /** PEM of the certificate authority: `NODE_EXTRA_CA_CERTS` of every client. */
  readonly caFile: string;
}

const DAY_MS = 86_400_000;
/** A certificate that ends sooner than this is made anew, so that a long demo does not end in the middle. */
const RENEW_BEFORE_DAYS = 30;

/**
 * The certificates in `folder`, made at the first call and then kept: clients that trusted them once go on trusting.
 * The authority's private key is forgotten after its one signature, so nobody can sign another with it.
 */
export async function ensureCertificates(folder: string, now: number): Promise<Certificates> {
  const caFile = path.join(folder, "ca.pem");
  const serverFile = path.join(folder, "server.pem");
  const kept = await readKept(caFile, serverFile, now);
  if (kept) return kept;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Needed once for a data folder.
  const { makeCertificates } = await import("./new-certificates.ts");
  const made = await makeCertificates(now);
  await replaceFile(caFile, made.ca);
  await replaceFile(serverFile, `${made.key}${made.cert}`);
  return { key: made.key, cert: made.cert, caFile };
}

async function readKept(caFile: string, serverFile: string, now: number): Promise<Certificates | undefined> {
  try {
    const server = await readFile(serverFile, "utf8");
    const certificate = new X509Certificate(server);
    const issued = certificate.verify(new X509Certificate(await readFile(caFile, "utf8")).publicKey);
    const fits = issued && certificate.checkPrivateKey(createPrivateKey(server));
    const lasts = Date.parse(certificate.validTo) - now > RENEW_BEFORE_DAYS * DAY_MS;
    return fits && lasts ? { key: server, cert: server, caFile } : undefined;
  } catch {
    // Not there yet, or cut off by a crash while it was written: made anew either way.
    return undefined;
  }
}

/** Whole or not at all: a reader never sees half a file. */
async function replaceFile(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
