import { createHmac, createPrivateKey, createPublicKey, generateKeyPair, randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { calculateJwkThumbprint, exportJWK, type JWK } from "jose";
import * as z from "zod";

const Kept = z.object({ privateKey: z.string(), identityHeader: z.string() });

/** What signs tokens and proves who an application is. Kept, so that tokens and secrets outlive a restart. */
export interface Keys {
  readonly privateKey: ReturnType<typeof createPrivateKey>;
  readonly publicKey: ReturnType<typeof createPublicKey>;
  readonly kid: string;
  /** The public key as `/discovery/v2.0/keys` lists it. */
  readonly jwk: JWK;
  /** `IDENTITY_HEADER` of the app. */
  readonly identityHeader: string;
  /** The client secret of a registered application: of the key, hence the same after a restart. */
  clientSecret(clientId: string): string;
}

export async function ensureKeys(folder: string): Promise<Keys> {
  const { privateKey: pem, identityHeader } = await ensureSecrets(folder);
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  return {
    privateKey,
    publicKey,
    kid,
    jwk: { ...jwk, use: "sig", alg: "RS256", kid },
    identityHeader,
    clientSecret: (clientId) =>
      createHmac("sha256", pem).update(`client secret of ${clientId}`).digest("base64url"),
  };
}

async function ensureSecrets(folder: string): Promise<z.infer<typeof Kept>> {
  const file = path.join(folder, "identity.json");
  try {
    return Kept.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    // First start, or a file cut off by a crash: new secrets, and clients fetch new tokens.
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
    const made = {
      privateKey: String(privateKey.export({ type: "pkcs8", format: "pem" })),
      identityHeader: randomBytes(24).toString("hex"),
    };
    await writeFile(`${file}.new`, JSON.stringify(made), { mode: 0o600 });
    await rename(`${file}.new`, file);
    return made;
  }
}
