import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DefaultAzureCredential, ManagedIdentityCredential } from "@azure/identity";
import { decodeJwt } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ensureCertificates } from "../../../../local/azure/front/certificates.ts";
import { type Front, startFront } from "../../../../local/azure/front/index.ts";
import { createIdentity, type Identity } from "../../../../local/azure/identity/index.ts";
import { ManualClock } from "../../../../local/clock.ts";

const SCOPE = "https://management.azure.com/.default";
let data: string;
let identity: Identity;
let front: Front;
let clock: ManualClock;

beforeAll(async () => {
  data = await mkdtemp(path.join(tmpdir(), "identity-"));
});
afterAll(() => rm(data, { recursive: true }));

beforeEach(async () => {
  clock = new ManualClock(Date.now());
  identity = await createIdentity({ data, clock });
  front = await startFront({
    port: 0,
    tls: await ensureCertificates(data, Date.now()),
    services: [identity.service],
  });
  vi.stubEnv("IDENTITY_ENDPOINT", `http://127.0.0.1:${front.port}${identity.endpointPath}`);
  vi.stubEnv("IDENTITY_HEADER", identity.identityHeader);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await front.stop();
  await identity.service.stop?.();
});

async function bearer(): Promise<string> {
  return `Bearer ${(await new ManagedIdentityCredential().getToken(SCOPE)).token}`;
}

describe("the managed identity endpoint", () => {
  test.each([
    { name: "ManagedIdentityCredential", credential: () => new ManagedIdentityCredential() },
    { name: "DefaultAzureCredential", credential: () => new DefaultAzureCredential() },
  ])("gives $name a token for a day, for the audience it asked for", async ({ credential }) => {
    const token = await credential().getToken(SCOPE);
    expect(decodeJwt(token.token)).toMatchObject({ aud: "https://management.azure.com", idtyp: "app" });
    const hours = (token.expiresOnTimestamp - clock.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(23.9);
    expect(hours).toBeLessThanOrEqual(24);
    expect(identity.authenticate({ authorization: `Bearer ${token.token}` })).toBe(true);
  });

  test.each([
    {
      what: "without the app's header",
      headers: {},
      query: "api-version=2019-08-01&resource=r",
      status: 401,
    },
    { what: "without a resource", headers: "own", query: "api-version=2019-08-01", status: 400 },
    {
      what: "with another api-version",
      headers: "own",
      query: "api-version=2017-09-01&resource=r",
      status: 400,
    },
  ])("refuses a request $what", async ({ headers, query, status }) => {
    const sent = headers === "own" ? { "x-identity-header": identity.identityHeader } : {};
    const answer = await fetch(`http://127.0.0.1:${front.port}/msi/token?${query}`, { headers: sent });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ statusCode: status, message: expect.any(String) });
  });
});

describe("authenticate", () => {
  test("still takes a token after a restart", async () => {
    const authorization = await bearer();
    const again = await createIdentity({ data, clock });
    expect(again.authenticate({ authorization })).toBe(true);
    await again.service.stop?.();
  });

  test("refuses a token that has run out", async () => {
    const authorization = await bearer();
    clock.advance(24 * 3_600_000 + 1000);
    expect(identity.authenticate({ authorization })).toBe(false);
  });

  test("refuses a token whose content was changed", async () => {
    const [head, , signature] = (await bearer()).split(".");
    const forged = Buffer.from(JSON.stringify({ iss: "x", exp: 9e9 })).toString("base64url");
    expect(identity.authenticate({ authorization: `${head}.${forged}.${signature}` })).toBe(false);
  });

  test.each([
    {},
    { authorization: "" },
    { authorization: "Basic abc" },
    { authorization: "Bearer a.b" },
    { authorization: "Bearer a.b.c" },
  ])("refuses %j", (headers: Record<string, string>) => expect(identity.authenticate(headers)).toBe(false));
});

test("the secrets are readable by their owner alone", async () => {
  expect(((await stat(path.join(data, "identity.json"))).mode & 0o077).toString(8)).toBe("0");
  expect(await readFile(path.join(data, "identity.json"), "utf8")).toContain("PRIVATE KEY");
});
