import { parseHTML } from "linkedom";
import { authorizationCodeGrant, buildEndSessionUrl } from "openid-client";
import { describe, expect, test } from "vitest";

import { APP, begin, configure, locationOf, press, REDIRECT, scene, TENANT } from "./open-id-fixture.ts";

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
    scene.clock.advance(24 * 3_600_000);
    const { url } = await begin(await configure(), { prompt: "none" });
    const silent = await fetch(url, { headers: { cookie }, redirect: "manual" });
    expect(locationOf(silent).searchParams.get("error")).toBe("login_required");
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
    return fetch(`${scene.origin}/${tenant}/oauth2/v2.0/authorize?${search}`, { redirect: "manual" });
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
