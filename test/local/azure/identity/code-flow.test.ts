import { createRemoteJWKSet, decodeJwt, jwtVerify } from "jose";
import { parseHTML } from "linkedom";
import { authorizationCodeGrant, fetchUserInfo, refreshTokenGrant } from "openid-client";
import { describe, expect, test } from "vitest";

import {
  APP,
  askToken,
  begin,
  configure,
  locationOf,
  press,
  REDIRECT,
  scene,
  signIn,
  TENANT,
} from "./open-id-fixture.ts";

describe("the code flow, by openid-client", () => {
  test("signs a persona in, with the claims of Entra ID", async () => {
    const config = await configure();
    const tokens = await signIn(config, "project-lead");
    expect(tokens.claims()).toMatchObject({
      iss: `${scene.origin}/${TENANT}/v2.0`,
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
    const keys = createRemoteJWKSet(new URL(`${scene.origin}/${TENANT}/discovery/v2.0/keys`));
    const { payload } = await jwtVerify(tokens.access_token, keys, {
      issuer: `${scene.origin}/${TENANT}/v2.0`,
      audience: APP,
    });
    expect(payload.roles).toEqual(["model-tester"]);
  });

  test("refreshes, also after a restart, and the old refresh token stays good", async () => {
    const config = await configure();
    const first = await signIn(config, "data-scientist");
    await scene.restart();
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
    expect(scene.identity.authenticate({ authorization: `Bearer ${tokens.access_token}` })).toBe(false);
  });

  test("gives a subject of its own to each application's tokens, and one object id to all", async () => {
    const tokens = await signIn(await configure(), "data-analyst");
    const graph = await askToken({
      grant_type: "refresh_token",
      refresh_token: tokens.refresh_token ?? "",
      scope: "openid profile",
      client_id: APP,
      client_secret: scene.identity.app.clientSecret,
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

describe("a code", () => {
  async function given(more: Record<string, string> = {}) {
    const { url, expected } = await begin(await configure(), more);
    const code = locationOf(await press(url, "model-tester")).searchParams.get("code") ?? "";
    const fields = {
      grant_type: "authorization_code",
      code,
      redirect_uri: REDIRECT,
      client_id: APP,
      client_secret: scene.identity.app.clientSecret,
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
      error_uri: `${scene.origin}/error?code=54005`,
    });
  });

  test("asked for twice at the same moment is given tokens once", async () => {
    const fields = await given();
    const answers = await Promise.all([askToken(fields), askToken(fields)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
  });

  test("is good for ten minutes", async () => {
    const fields = await given();
    scene.clock.advance(10 * 60_000);
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
    const url = new URL(`${scene.origin}/${TENANT}/oauth2/v2.0/authorize`);
    const query = { client_id: APP, response_type: "code", redirect_uri: REDIRECT, scope: "openid" };
    url.search = String(new URLSearchParams(query));
    const code = locationOf(await press(url, "model-tester")).searchParams.get("code") ?? "";
    const basic = Buffer.from(`${APP}:${scene.identity.app.clientSecret}`).toString("base64");
    const answer = await fetch(`${scene.origin}/${TENANT}/oauth2/v2.0/token`, {
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
