import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, verify } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { decodeJwt, SignJWT } from "jose";
import { z } from "zod";
import { type Clock, systemClock } from "../../clock.ts";
import type { Service, ServiceAnswer, ServiceRequest } from "../service.ts";

export interface IdentityOptions {
  /** Folder that keeps the signing key and the endpoint's secret, so that tokens outlive a restart. */
  readonly data: string;
  readonly clock?: Clock;
}

export interface Identity {
  readonly service: Service;
  /** Path of the token endpoint: `IDENTITY_ENDPOINT` is the front's http origin and this. */
  readonly endpointPath: string;
  /** `IDENTITY_HEADER`: who knows it, is the app. */
  readonly identityHeader: string;
  /** Whether a request carries a bearer token of ours that has not run out. `headers` has lower-case keys. */
  authenticate(headers: Readonly<Record<string, string>>): boolean;
}

/** The tenant and the app whose managed identity this is. Simulated, hence made of zeros. */
const TENANT_ID = "00000000-0000-0000-0000-00000000000a";
const PRINCIPAL_ID = "00000000-0000-0000-0000-00000000000b";
const CLIENT_ID = "00000000-0000-0000-0000-00000000000c";
const ISSUER = `https://sts.windows.net/${TENANT_ID}/`;
const TOKEN_LIFE_S = 24 * 60 * 60;
const ENDPOINT_PATH = "/msi/token";
const API_VERSION = "2019-08-01";

const Kept = z.object({ privateKey: z.string(), identityHeader: z.string() });

/**
 * The managed identity endpoint of App Service, and the check of the tokens it gives.
 *
 * @see https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
export async function createIdentity({ data, clock = systemClock }: IdentityOptions): Promise<Identity> {
  const { privateKey: pem, identityHeader } = await ensureSecrets(data);
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(pem);

  async function issue(resource: string): Promise<ServiceAnswer> {
    const issuedAt = Math.floor(clock.now() / 1000);
    const expiresAt = issuedAt + TOKEN_LIFE_S;
    const token = await new SignJWT({
      appid: CLIENT_ID,
      idtyp: "app",
      oid: PRINCIPAL_ID,
      tid: TENANT_ID,
      ver: "1.0",
    })
      .setProtectedHeader({ alg: "RS256", typ: "JWT" })
      .setIssuer(ISSUER)
      .setAudience(resource)
      .setSubject(PRINCIPAL_ID)
      .setIssuedAt(issuedAt)
      .setNotBefore(issuedAt)
      .setExpirationTime(expiresAt)
      .sign(privateKey);
    const body = {
      access_token: token,
      client_id: CLIENT_ID,
      expires_on: String(expiresAt),
      not_before: String(issuedAt),
      resource,
      token_type: "Bearer",
    };
    return { status: 200, headers: { "cache-control": "no-store" }, body };
  }

  async function handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    if (request.path !== ENDPOINT_PATH) return undefined;
    if (request.method !== "GET") return refusal(405, `Method ${request.method} is not allowed, use GET.`);
    if (request.headers["x-identity-header"] !== identityHeader) {
      return refusal(401, "The X-IDENTITY-HEADER header is missing, or is not this app's IDENTITY_HEADER.");
    }
    const version = request.query.get("api-version");
    if (version !== API_VERSION) {
      return refusal(400, `api-version is '${version ?? ""}', expected '${API_VERSION}'.`);
    }
    const resource = request.query.get("resource");
    if (!resource) return refusal(400, "The query has no 'resource': name the audience of the token.");
    return issue(resource);
  }

  /** jose checks signatures asynchronously only, and the services ask synchronously: hence Node's own RSA check. */
  function authenticate(headers: Readonly<Record<string, string>>): boolean {
    const [, token] = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(headers.authorization ?? "") ?? [];
    if (!token) return false;
    const dot = token.lastIndexOf(".");
    const signature = Buffer.from(token.slice(dot + 1), "base64url");
    if (!verify("sha256", Buffer.from(token.slice(0, dot)), publicKey, signature)) return false;
    const { iss, exp = 0 } = decodeJwt(token);
    return iss === ISSUER && exp * 1000 > clock.now();
  }

  return { service: { name: "identity", handle }, endpointPath: ENDPOINT_PATH, identityHeader, authenticate };
}

function refusal(statusCode: number, message: string): ServiceAnswer {
  return { status: statusCode, body: { statusCode, message } };
}

async function ensureSecrets(folder: string): Promise<z.infer<typeof Kept>> {
  const file = path.join(folder, "identity.json");
  try {
    return Kept.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    // First start, or a file cut off by a crash: new secrets, and clients fetch new tokens.
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const made = {
      privateKey: String(privateKey.export({ type: "pkcs8", format: "pem" })),
      identityHeader: randomBytes(24).toString("hex"),
    };
    await writeFile(`${file}.new`, JSON.stringify(made), { mode: 0o600 });
    await rename(`${file}.new`, file);
    return made;
  }
}
