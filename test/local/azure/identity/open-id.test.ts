import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { ClientSecretCredential } from "@azure/identity";
import { createRemoteJWKSet, decodeJwt, jwtVerify } from "jose";
import { parseHTML } from "linkedom";
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  clientCredentialsGrant,
  discovery,
  fetchUserInfo,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
  refreshTokenGrant,
} from "openid-client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ensureCertificates } from "../../../../local/azure/front/certificates.ts";
import { type Front, startFront } from "../../../../local/azure/front/index.ts";
import { createIdentity, type Identity } from "../../../../local/azure/identity/index.ts";
import type { Service } from "../../../../local/azure/service.ts";
import { ManualClock } from "../../../../local/clock.ts";

const TENANT = "00000000-0000-0000-0000-00000000000a";
const APP = "00000000-0000-0000-0000-00000000000d";
const REDIRECT = "http://localhost:7071/auth/callback";
const SCOPE_OF_AZURE = "https://management.azure.com/.default";
const SCOPE = "openid profile email offline_access api://outerloop/user_impersonation";

let data: string;
let identity: Identity;
let front: Front;
let clock: ManualClock;
let origin: string;

beforeAll(async () => {
  data = await mkdtemp(path.join(tmpdir(), "open-id-"));
  const tls = await ensureCertificates(data, Date.now());
  setDefaultCACertificates([...getCACertificates("default"), await readFile(tls.caFile, "utf8")]);
  const service: Service = { name: "i", handle: (request) => identity.service.handle(request) };
  front = await startFront({ port: 0, tls, services: [service] });
  origin = `https://localhost:${front.port}`;
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

const configure = (): Promise<Configuration> =>
  discovery(new URL(`${origin}/${TENANT}/v2.0`), APP, identity.app.clientSecret);

/** One sign-in: what the client sends the browser with, and what it keeps to check the answer by. */
async function begin(config: Configuration, more: Record<string, string> = {}) {
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
async function press(url: URL, persona?: string, headers: Record<string, string> = {}): Promise<Response> {
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

const locationOf = (answer: Response): URL => new URL(answer.headers.get("location") ?? "");

async function signIn(config: Configuration, persona: string) {
  const { url, expected } = await begin(config);
  return authorizationCodeGrant(config, locationOf(await press(url, persona)), expected);
}

/** Asks the token endpoint by hand. */
async function askToken(fields: Record<string, string>, tenant = TENANT) {
  const answer = await fetch(`${origin}/${tenant}/oauth2/v2.0/token`, {
    method: "POST",
    body: new URLSearchParams(fields),
  });
  return { status: answer.status, body: await answer.json() };
}

describe("the code flow, by openid-client", () => {
  test("signs a persona in, with the claims of Entra ID", async () => {
    const config = await configure();
    const tokens = await signIn(config, "project-lead");
    expect(tokens.claims()).toMatchObject({
      iss: `${origin}/${TENANT}/v2.0`,
      aud: APP,
      tid: TENANT,
      oid: "00000000-0000-0000-0000-000000000105",
      name: "Data science lead",
      preferred_username: "data-science-lead@outerloop.example",
      email: "data-science-lead@outerloop.example",
      roles: ["project-lead"],
      ver: "2.0",
    });
    expect(tokens.expires_in).toBe(3599);
    expect(decodeJwt(tokens.access_token)).toMatchObject({
      aud: APP,
      azp: APP,
      azpacr: "1",
      scp: "user_impersonation",
      roles: ["project-lead"],
      ver: "2.0",
    });
  });

  test("gives an access token that the published keys verify", async () => {
    const tokens = await signIn(await configure(), "model-tester");
    const keys = createRemoteJWKSet(new URL(`${origin}/${TENANT}/discovery/v2.0/keys`));
    const { payload } = await jwtVerify(tokens.access_token, keys, {
      issuer: `${origin}/${TENANT}/v2.0`,
      audience: APP,
    });
    expect(payload.roles).toEqual(["model-tester"]);
  });

  test("refreshes, also after a restart, and the old refresh token stays good", async () => {
    const config = await configure();
    const first = await signIn(config, "data-scientist");
    await identity.service.stop?.();
    identity = await createIdentity({ data, clock });
    for (const _ of [1, 2]) {
      const again = await refreshTokenGrant(config, first.refresh_token ?? "");
      expect(again.claims()).toMatchObject({ roles: ["data-scientist"], sub: first.claims()?.sub });
      expect(again.refresh_token).not.toBe(first.refresh_token);
    }
  });

  test("answers who it is at the userinfo endpoint, for a token of Graph", async () => {
    const config = await configure();
    const { url, expected } = await begin(config, { scope: "openid profile email User.Read" });
    const tokens = await authorizationCodeGrant(
      config,
      locationOf(await press(url, "data-analyst")),
      expected,
    );
    const { sub = "" } = decodeJwt(tokens.access_token);
    expect(await fetchUserInfo(config, tokens.access_token, sub)).toMatchObject({ name: "Data analyst" });
    expect(identity.authenticate({ authorization: `Bearer ${tokens.access_token}` })).toBe(false);
  });

  test("gives a subject of its own to each application's tokens, and one object id to all", async () => {
    const tokens = await signIn(await configure(), "data-analyst");
    const graph = await askToken({
      grant_type: "refresh_token",
      refresh_token: tokens.refresh_token ?? "",
      scope: "openid profile",
      client_id: APP,
      client_secret: identity.app.clientSecret,
    });
    const { sub, oid } = decodeJwt(graph.body.access_token);
    expect(oid).toBe(tokens.claims()?.oid);
    expect(sub).not.toBe(tokens.claims()?.sub);
  });

  test.each(["fragment", "query"])("answers in the %s when asked to", async (mode) => {
    const { url } = await begin(await configure(), { response_mode: mode });
    const back = locationOf(await press(url, "model-tester"));
    const fields = new URLSearchParams(mode === "query" ? back.search : back.hash.slice(1));
    expect([...fields.keys()].sort()).toEqual(["code", "session_state", "state"]);
  });

  test("answers by a form when asked to, which may go to the app alone", async () => {
    const { url, expected } = await begin(await configure(), { response_mode: "form_post" });
    const answer = await press(url, "model-tester");
    const { document } = parseHTML(await answer.text());
    expect(document.querySelector("form")?.getAttribute("action")).toBe(REDIRECT);
    expect(document.querySelector('input[name="state"]')?.getAttribute("value")).toBe(expected.expectedState);
    expect(answer.headers.get("content-security-policy")).toContain("form-action http://localhost:7071;");
  });

  test("takes no other port of this machine for another address, as Entra ID does", async () => {
    const { url } = await begin(await configure(), { redirect_uri: "http://127.0.0.1:5555/auth/callback" });
    expect(locationOf(await press(url, "model-tester")).host).toBe("127.0.0.1:5555");
  });
});

describe("a session", () => {
  async function sessionCookie(): Promise<string> {
    const { url } = await begin(await configure());
    const answer = await press(url, "model-tester");
    expect(answer.headers.get("set-cookie")).toMatch(/; HttpOnly; SameSite=Lax; Secure$/);
    return (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  }

  test("signs in without the page, the same person", async () => {
    const config = await configure();
    const cookie = await sessionCookie();
    const { url, expected } = await begin(config, { prompt: "none" });
    const answer = await fetch(url, { headers: { cookie }, redirect: "manual" });
    const tokens = await authorizationCodeGrant(config, locationOf(answer), expected);
    expect(tokens.claims()?.roles).toEqual(["model-tester"]);
  });

  test("is not used when another account is to be picked", async () => {
    const cookie = await sessionCookie();
    const { url } = await begin(await configure(), { prompt: "select_account" });
    const answer = await fetch(url, { headers: { cookie } });
    expect(await answer.text()).toContain("Pick who signs in to Outerloop");
  });

  test("ends by signing out, which may lead to the app's own pages alone", async () => {
    const config = await configure();
    const cookie = await sessionCookie();
    const out = (target: string) =>
      fetch(buildEndSessionUrl(config, { post_logout_redirect_uri: target, state: "s" }), {
        headers: { cookie },
        redirect: "manual",
      });
    const answer = await out("http://localhost:7071/console");
    expect(answer.headers.get("location")).toBe("http://localhost:7071/console?state=s");
    const elsewhere = await out("https://example.com/console");
    expect(elsewhere.status).toBe(200);
    expect(await elsewhere.text()).toContain("You signed out of your account.");
    const { url } = await begin(config, { prompt: "none" });
    const silent = await fetch(url, { headers: { cookie }, redirect: "manual" });
    expect(locationOf(silent).searchParams.get("error")).toBe("login_required");
    expect(locationOf(silent).searchParams.get("error_description")).toMatch(/^AADSTS50058: /);
  });

  test("runs out after a day", async () => {
    const cookie = await sessionCookie();
    clock.advance(24 * 3_600_000);
    const { url } = await begin(await configure(), { prompt: "none" });
    const silent = await fetch(url, { headers: { cookie }, redirect: "manual" });
    expect(locationOf(silent).searchParams.get("error")).toBe("login_required");
  });
});

describe("a code", () => {
  async function given(more: Record<string, string> = {}) {
    const { url, expected } = await begin(await configure(), more);
    const code = locationOf(await press(url, "model-tester")).searchParams.get("code") ?? "";
    const fields = {
      grant_type: "authorization_code",
      code,
      redirect_uri: REDIRECT,
      client_id: APP,
      client_secret: identity.app.clientSecret,
      code_verifier: expected.pkceCodeVerifier,
    };
    return fields;
  }

  test("is good once", async () => {
    const fields = await given();
    expect((await askToken(fields)).status).toBe(200);
    const second = await askToken(fields);
    expect(second.status).toBe(400);
    expect(second.body).toMatchObject({
      error: "invalid_grant",
      error_codes: [54005],
      error_description: expect.stringMatching(
        /^AADSTS54005: OAuth2 Authorization code was already redeemed.* Trace ID: \S+ Correlation ID: \S+ Timestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/,
      ),
      error_uri: `${origin}/error?code=54005`,
    });
  });

  test("asked for twice at the same moment is given tokens once", async () => {
    const fields = await given();
    const answers = await Promise.all([askToken(fields), askToken(fields)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
  });

  test("is good for ten minutes", async () => {
    const fields = await given();
    clock.advance(10 * 60_000);
    expect((await askToken(fields)).body).toMatchObject({ error: "invalid_grant", error_codes: [70008] });
  });

  test.each([
    {
      what: "another verifier",
      more: { code_verifier: "a".repeat(43) },
      code: 501481,
      error: "invalid_grant",
    },
    { what: "no verifier", more: { code_verifier: "" }, code: 501481, error: "invalid_grant" },
    {
      what: "another reply address",
      more: { redirect_uri: "http://localhost:7071/signin/callback" },
      code: 500112,
      error: "invalid_client",
    },
    { what: "a code of its own", more: { code: "0.Aabc" }, code: 9002313, error: "invalid_grant" },
    { what: "another secret", more: { client_secret: "guess" }, code: 7000215, error: "invalid_client" },
    { what: "no secret", more: { client_secret: "" }, code: 7000218, error: "invalid_client" },
    {
      what: "an application that is not",
      more: { client_id: "x" },
      code: 700016,
      error: "unauthorized_client",
    },
    { what: "no code", more: { code: "" }, code: 900144, error: "invalid_request" },
    {
      what: "a password grant",
      more: { grant_type: "password" },
      code: 70003,
      error: "unsupported_grant_type",
    },
    { what: "a scope beyond it", more: { scope: "User.Read" }, code: 70000, error: "invalid_grant" },
  ])("with $what is refused with AADSTS$code", async ({ more, code, error }) => {
    const { status, body } = await askToken({ ...(await given()), ...more });
    expect(status).toBe(error === "invalid_client" && code !== 500112 ? 401 : 400);
    expect(body).toMatchObject({ error, error_codes: [code] });
    expect(body.error_description).toContain(`AADSTS${code}: `);
  });

  test("without a challenge needs no verifier, since the app has a secret", async () => {
    const url = new URL(`${origin}/${TENANT}/oauth2/v2.0/authorize`);
    const query = { client_id: APP, response_type: "code", redirect_uri: REDIRECT, scope: "openid" };
    url.search = String(new URLSearchParams(query));
    const code = locationOf(await press(url, "model-tester")).searchParams.get("code") ?? "";
    const basic = Buffer.from(`${APP}:${identity.app.clientSecret}`).toString("base64");
    const answer = await fetch(`${origin}/${TENANT}/oauth2/v2.0/token`, {
      method: "POST",
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ grant_type: "authorization_code", code, redirect_uri: REDIRECT }),
    });
    expect(Object.keys(await answer.json()).sort()).toEqual([
      "access_token",
      "expires_in",
      "ext_expires_in",
      "id_token",
      "scope",
      "token_type",
    ]);
  });
});

describe("a request to sign in", () => {
  const ask = async (more: Record<string, string>, tenant = TENANT) => {
    const query = {
      client_id: APP,
      response_type: "code",
      redirect_uri: REDIRECT,
      scope: "openid",
      state: "s",
    };
    const search = new URLSearchParams({ ...query, ...more });
    return fetch(`${origin}/${tenant}/oauth2/v2.0/authorize?${search}`, { redirect: "manual" });
  };

  test.each([
    {
      what: "an address that is not registered",
      more: { redirect_uri: "https://example.com/auth/callback" },
      code: 50011,
    },
    { what: "another path", more: { redirect_uri: "http://localhost:7071/auth/callback/x" }, code: 50011 },
    {
      what: "a host that only begins like this one",
      more: { redirect_uri: "http://localhost.example.com/auth/callback" },
      code: 50011,
    },
    { what: "no address", more: { redirect_uri: "" }, code: 500113 },
    {
      what: "an application that is not",
      more: { client_id: "00000000-0000-0000-0000-0000000000ff" },
      code: 700016,
    },
    { what: "no application", more: { client_id: "" }, code: 900144 },
    {
      what: "a process, to which nobody signs in",
      more: { client_id: "00000000-0000-0000-0000-000000000201" },
      code: 500113,
    },
  ])("with $what shows AADSTS$code and redirects nowhere", async ({ more, code }) => {
    const answer = await ask(more);
    expect(answer.status).toBe(400);
    expect(answer.headers.get("location")).toBeNull();
    const { document } = parseHTML(await answer.text());
    expect(document.querySelector(".failure")?.textContent).toMatch(new RegExp(`^AADSTS${code}: `));
  });

  test("in another tenant shows AADSTS90002", async () => {
    const answer = await ask({}, "contoso.example");
    expect(await answer.text()).toContain("AADSTS90002: Tenant 'contoso.example' not found.");
  });

  test.each([
    { more: { response_type: "id_token" }, error: "unsupported_response_type", code: 700054 },
    { more: { response_type: "device" }, error: "unsupported_response_type", code: 70005 },
    { more: { response_mode: "web_message" }, error: "invalid_request", code: 70007 },
    { more: { scope: "" }, error: "invalid_request", code: 900144 },
    { more: { scope: "openid api://other/read" }, error: "invalid_scope", code: 70011 },
    { more: { scope: "openid api://outerloop/everything" }, error: "invalid_client", code: 650053 },
    { more: { prompt: "maybe" }, error: "invalid_request", code: 90023 },
    { more: { code_challenge: "short" }, error: "invalid_request", code: 50147 },
  ])("with $more tells the application AADSTS$code", async ({ more, error, code }) => {
    const back = locationOf(await ask(more));
    expect(`${back.origin}${back.pathname}`).toBe(REDIRECT);
    expect(Object.fromEntries(back.searchParams)).toEqual({
      error,
      error_description: expect.stringMatching(new RegExp(`^AADSTS${code}: `)),
      state: "s",
    });
  });

  test("that is cancelled tells the application so", async () => {
    const { url } = await begin(await configure());
    const back = locationOf(await press(url));
    expect(back.searchParams.get("error")).toBe("access_denied");
    expect(back.searchParams.get("error_description")).toMatch(/^AADSTS65004: /);
  });

  test("shows every person of the table of personas, and holds what the app sent as text", async () => {
    const answer = await ask({
      state: `"><script>alert(1)</script>`,
      login_hint: "model-tester@outerloop.example",
    });
    const { document } = parseHTML(await answer.text());
    expect([...document.querySelectorAll("li strong")].map((name) => name.textContent)).toEqual([
      "Data scientist",
      "Data analyst",
      "Model tester",
      "Business stakeholder",
      "Data science lead",
      "Product owner",
      "Platform technical support",
      "Model end user",
    ]);
    expect(document.querySelector("script")).toBeNull();
    expect(document.querySelector('input[name="state"]')?.getAttribute("value")).toBe(
      `"><script>alert(1)</script>`,
    );
    expect(document.querySelector(".hinted")?.getAttribute("value")).toBe("model-tester");
    expect(answer.headers.get("content-security-policy")).toContain(
      "form-action 'self' http://localhost:7071;",
    );
  });

  test("answered from a page elsewhere signs nobody in", async () => {
    const { url } = await begin(await configure());
    const answer = await press(url, "model-tester", { origin: "https://example.com" });
    expect(answer.status).toBe(400);
    expect(answer.headers.get("set-cookie")).toBeNull();
  });

  test("for a persona that is not in the directory signs nobody in", async () => {
    const { url } = await begin(await configure());
    const answer = await press(url, "astronaut");
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("AADSTS90013");
  });
});

describe("an application for itself", () => {
  const credential = (name: string, secret?: string) => {
    const found = identity.applications.find((one) => one.name === name);
    return new ClientSecretCredential(TENANT, found?.clientId ?? "", secret ?? found?.clientSecret ?? "", {
      authorityHost: origin,
      disableInstanceDiscovery: true,
    });
  };

  test("gets by ClientSecretCredential a token that the simulated services accept", async () => {
    const { token, expiresOnTimestamp } = await credential("CI/CD processes").getToken(
      "https://management.azure.com/.default",
    );
    expect(decodeJwt(token)).toMatchObject({
      iss: `https://sts.windows.net/${TENANT}/`,
      aud: "https://management.azure.com",
      appid: "00000000-0000-0000-0000-000000000201",
      idtyp: "app",
      ver: "1.0",
    });
    expect(identity.authenticate({ authorization: `Bearer ${token}` })).toBe(true);
    expect(Math.abs(expiresOnTimestamp - clock.now() - 3_599_000)).toBeLessThan(2_000);
  });

  test("gets for the app's own API a token with its role, which the services of Azure refuse", async () => {
    const { token } = await credential("Monitoring processes").getToken("api://outerloop/.default");
    expect(decodeJwt(token)).toMatchObject({ aud: APP, roles: ["monitoring"], idtyp: "app", ver: "2.0" });
    expect(identity.authenticate({ authorization: `Bearer ${token}` })).toBe(false);
  });

  test("with another secret is told AADSTS7000215", async () => {
    await expect(credential("CI/CD processes", "guess").getToken(SCOPE_OF_AZURE)).rejects.toThrow(
      "AADSTS7000215",
    );
  });

  test("keeps its secret over a restart", async () => {
    const again = await createIdentity({ data, clock });
    expect(again.applications).toEqual(identity.applications);
    await again.service.stop?.();
  });

  test("signs itself in by openid-client, too", async () => {
    const tokens = await clientCredentialsGrant(await configure(), { scope: "api://outerloop/.default" });
    expect(decodeJwt(tokens.access_token)).toMatchObject({ azp: APP, aud: APP });
  });

  test.each([
    { scope: "https://management.azure.com/user_impersonation", code: 1002012, error: "invalid_scope" },
    { scope: "openid", code: 1002012, error: "invalid_scope" },
    { scope: "api://other/.default", code: 500011, error: "invalid_resource" },
  ])("asking for $scope is refused with AADSTS$code", async ({ scope, code, error }) => {
    const { clientId, clientSecret } = identity.app;
    const fields = {
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret,
      scope,
    };
    expect((await askToken(fields)).body).toMatchObject({ error, error_codes: [code] });
  });

  test("in another tenant is refused with AADSTS90002", async () => {
    const { status, body } = await askToken({ grant_type: "client_credentials" }, "contoso.example");
    expect({ status, codes: body.error_codes }).toEqual({ status: 400, codes: [90002] });
  });
});

describe("what a client reads first", () => {
  test("stays at the origin by which it came", async () => {
    const http = `http://127.0.0.1:${front.port}`;
    const answer = await fetch(`${http}/${TENANT}/v2.0/.well-known/openid-configuration`);
    expect(await answer.json()).toMatchObject({
      issuer: `${http}/${TENANT}/v2.0`,
      token_endpoint: `${http}/${TENANT}/oauth2/v2.0/token`,
      authorization_endpoint: `${http}/${TENANT}/oauth2/v2.0/authorize`,
      jwks_uri: `${http}/${TENANT}/discovery/v2.0/keys`,
      response_types_supported: ["code"],
    });
  });

  test("of no tenant in particular has a pattern for an issuer", async () => {
    const answer = await fetch(`${origin}/organizations/v2.0/.well-known/openid-configuration`);
    expect((await answer.json()).issuer).toBe(`${origin}/{tenantid}/v2.0`);
  });

  test("names the one key, without its private part", async () => {
    const { keys } = await (await fetch(`${origin}/${TENANT}/discovery/v2.0/keys`)).json();
    expect(keys).toHaveLength(1);
    expect(Object.keys(keys[0]).sort()).toEqual(["alg", "e", "issuer", "kid", "kty", "n", "use"]);
  });

  test("vouches for this authority", async () => {
    const answer = await fetch(`${origin}/common/discovery/instance?api-version=1.1`);
    expect(await answer.json()).toMatchObject({
      metadata: [{ preferred_network: `localhost:${front.port}` }],
    });
  });

  test("of an endpoint that is not simulated says so", async () => {
    const answer = await fetch(`${origin}/${TENANT}/oauth2/v2.0/devicecode`, { method: "POST" });
    expect(answer.status).toBe(501);
    expect((await answer.json()).error_description).toContain("'/oauth2/v2.0/devicecode' is not simulated");
  });
});
