import { ClientSecretCredential } from "@azure/identity";
import { decodeJwt } from "jose";
import { clientCredentialsGrant } from "openid-client";
import { describe, expect, test } from "vitest";
import { createIdentity } from "../../../../local/azure/identity/index.ts";

import { APP, askToken, configure, scene, TENANT } from "./open-id-fixture.ts";

const SCOPE_OF_AZURE = "https://management.azure.com/.default";

describe("an application for itself", () => {
  const credential = (name: string, secret?: string) => {
    const found = scene.identity.applications.find((one) => one.name === name);
    return new ClientSecretCredential(TENANT, found?.clientId ?? "", secret ?? found?.clientSecret ?? "", {
      authorityHost: scene.origin,
      disableInstanceDiscovery: true,
    });
  };

  test("gets by ClientSecretCredential a token that the simulated services accept", async () => {
    const asked = Date.now();
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
    expect(scene.identity.authenticate({ authorization: `Bearer ${token}` })).toBe(true);
    // The client counts from the answer on, in whole seconds.
    expect(expiresOnTimestamp).toBeGreaterThan(asked + 3_598_000);
    expect(expiresOnTimestamp).toBeLessThan(Date.now() + 3_600_000);
  });

  test("gets for the app's own API a token with its role, which the services of Azure refuse", async () => {
    const { token } = await credential("Monitoring processes").getToken("api://outerloop/.default");
    expect(decodeJwt(token)).toMatchObject({ aud: APP, roles: ["monitoring"], idtyp: "app", ver: "2.0" });
    expect(scene.identity.authenticate({ authorization: `Bearer ${token}` })).toBe(false);
  });

  test("with another secret is told AADSTS7000215", async () => {
    await expect(credential("CI/CD processes", "guess").getToken(SCOPE_OF_AZURE)).rejects.toThrow(
      "AADSTS7000215",
    );
  });

  test("keeps its secret over a restart", async () => {
    const again = await createIdentity(scene);
    expect(again.applications).toEqual(scene.identity.applications);
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
    const { clientId, clientSecret } = scene.identity.app;
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
    const http = `http://127.0.0.1:${scene.port}`;
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
    const answer = await fetch(`${scene.origin}/organizations/v2.0/.well-known/openid-configuration`);
    expect((await answer.json()).issuer).toBe(`${scene.origin}/{tenantid}/v2.0`);
  });

  test("names the one key, without its private part", async () => {
    const { keys } = await (await fetch(`${scene.origin}/${TENANT}/discovery/v2.0/keys`)).json();
    expect(keys).toHaveLength(1);
    expect(Object.keys(keys[0]).sort()).toEqual(["alg", "e", "issuer", "kid", "kty", "n", "use"]);
  });

  test("vouches for this authority", async () => {
    const answer = await fetch(`${scene.origin}/common/discovery/instance?api-version=1.1`);
    expect(await answer.json()).toMatchObject({
      metadata: [{ preferred_network: `localhost:${scene.port}` }],
    });
  });

  test("of an endpoint that is not simulated says so", async () => {
    const answer = await fetch(`${scene.origin}/${TENANT}/oauth2/v2.0/devicecode`, { method: "POST" });
    expect(answer.status).toBe(501);
    expect((await answer.json()).error_description).toContain("'/oauth2/v2.0/devicecode' is not simulated");
  });
});
