import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { parseHTML } from "linkedom";
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from "openid-client";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { ensureCertificates } from "../../../../local/azure/front/certificates.ts";
import { type Front, startFront } from "../../../../local/azure/front/index.ts";
import { createIdentity, type Identity } from "../../../../local/azure/identity/index.ts";
import type { Service } from "../../../../local/azure/service.ts";
import { ManualClock } from "../../../../local/clock.ts";

export const TENANT = "00000000-0000-0000-0000-00000000000a";
export const APP = "00000000-0000-0000-0000-00000000000d";
export const REDIRECT = "http://localhost:7071/auth/callback";
const SCOPE = "openid profile email offline_access api://outerloop/user_impersonation";

let data: string;
let identity: Identity;
let front: Front;
let clock: ManualClock;

beforeAll(async () => {
  data = await mkdtemp(path.join(tmpdir(), "open-id-"));
  const tls = await ensureCertificates(data, Date.now());
  setDefaultCACertificates([...getCACertificates("default"), await readFile(tls.caFile, "utf8")]);
  const service: Service = { name: "i", handle: (request) => identity.service.handle(request) };
  front = await startFront({ port: 0, tls, services: [service] });
});
afterAll(async () => {
  await front.stop();
  await rm(data, { recursive: true });
});

beforeEach(async () => {
  clock = new ManualClock(Date.now());
  identity = await createIdentity({ data, clock });
});
afterEach(() => identity.service.stop?.());

/** Entra ID over TLS for a test file, on a clock of each test's own. */
export const scene = {
  get origin() {
    return `https://localhost:${front.port}`;
  },
  get port() {
    return front.port;
  },
  get data() {
    return data;
  },
  get clock() {
    return clock;
  },
  get identity() {
    return identity;
  },
  /** Stops and starts anew on the same data. */
  async restart() {
    await identity.service.stop?.();
    identity = await createIdentity({ data, clock });
  },
};

export const configure = (): Promise<Configuration> =>
  discovery(new URL(`${scene.origin}/${TENANT}/v2.0`), APP, scene.identity.app.clientSecret);

/** One sign-in: what the client sends the browser with, and what it keeps to check the answer by. */
export async function begin(config: Configuration, more: Record<string, string> = {}) {
  const verifier = randomPKCECodeVerifier();
  const checks = { state: randomState(), nonce: randomNonce() };
  const url = buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT,
    scope: SCOPE,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    ...checks,
    ...more,
  });
  const expected = {
    pkceCodeVerifier: verifier,
    expectedState: checks.state,
    expectedNonce: checks.nonce,
    idTokenExpected: true,
  };
  return { url, expected };
}

/** What the browser does when a person presses a button of the sign-in page. */
export async function press(
  url: URL,
  persona?: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const { document } = parseHTML(await (await fetch(url)).text());
  const form = document.querySelector("form");
  const fields = [...document.querySelectorAll("input")].map((input): [string, string] => [
    input.getAttribute("name") ?? "",
    input.getAttribute("value") ?? "",
  ]);
  if (persona) fields.push(["persona", persona]);
  return fetch(new URL(form?.getAttribute("action") ?? "", url), {
    method: "POST",
    redirect: "manual",
    body: new URLSearchParams(fields),
    headers,
  });
}

export const locationOf = (answer: Response): URL => new URL(answer.headers.get("location") ?? "");

export async function signIn(config: Configuration, persona: string) {
  const { url, expected } = await begin(config);
  return authorizationCodeGrant(config, locationOf(await press(url, persona)), expected);
}

/** Asks the token endpoint by hand. */
export async function askToken(fields: Record<string, string>, tenant = TENANT) {
  const answer = await fetch(`${scene.origin}/${tenant}/oauth2/v2.0/token`, {
    method: "POST",
    body: new URLSearchParams(fields),
  });
  return { status: answer.status, body: await answer.json() };
}
