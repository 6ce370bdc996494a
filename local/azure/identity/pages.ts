import { h, type VNode } from "preact";
import { page } from "../front/page.ts";
import type { ServiceAnswer } from "../service.ts";
import type { AadstsError } from "./aadsts.ts";
import { PERSONAS, type Persona, TENANT_ID, TENANT_NAME } from "./directory.ts";
import type { SignInRequest } from "./request.ts";
import { STYLE_PATH } from "./style.ts";

/** Picks the persona to sign in as. Only the button pressed decides; opening the page changes nothing. */
export function signInPage(asked: SignInRequest, form: URLSearchParams): ServiceAnswer {
  const { registration, redirectUri, loginHint } = asked;
  const back = new URL(redirectUri).origin;
  return page(
    // The policy binds the redirect after the form, too.
    { title: `Sign in to ${registration.name}`, stylesheet: STYLE_PATH, formAction: `'self' ${back}` },
    h("p", { class: "tenant" }, TENANT_NAME),
    h("h1", null, `Pick who signs in to ${registration.name}`),
    h(
      "p",
      null,
      "This directory is simulated: everybody in it is a role, and nobody has a password. You go back to ",
      h("strong", null, back),
      ".",
    ),
    h(
      "form",
      { method: "post", action: `/${TENANT_ID}/login` },
      [...form].map(([name, value]) => h("input", { type: "hidden", name, value })),
      h(
        "ul",
        { class: "personas" },
        PERSONAS.map((persona) => personaItem(persona, loginHint)),
      ),
      h("button", { type: "submit", class: "quiet" }, "Cancel"),
    ),
  );
}

function personaItem({ role, name, duty, userName }: Persona, hint: string | undefined): VNode {
  const isHinted = hint === userName;
  return h(
    "li",
    null,
    h(
      "button",
      { type: "submit", name: "persona", value: role, class: isHinted ? "hinted" : undefined },
      h("span", { class: "sign", "aria-hidden": "true" }, name.slice(0, 1)),
      h(
        "span",
        { class: "who" },
        h("strong", null, name),
        h("span", null, duty),
        h("span", { class: "muted" }, userName, isHinted && " · asked for by the app"),
      ),
    ),
  );
}

/** What is wrong before it is known where an answer may go. */
export function errorPage(error: AadstsError): ServiceAnswer {
  return page(
    { title: "Sign-in failed", stylesheet: STYLE_PATH, status: 400 },
    h("p", { class: "tenant" }, TENANT_NAME),
    h("h1", null, "Sorry, but we are having trouble signing you in."),
    h("p", { class: "failure" }, error.line),
    h("p", null, "Nobody was signed in. Mend the address that led here, or start again at the app."),
  );
}

export function signedOutPage(headers: Readonly<Record<string, string>>): ServiceAnswer {
  return page(
    { title: "Signed out", stylesheet: STYLE_PATH, headers },
    h("p", { class: "tenant" }, TENANT_NAME),
    h("h1", null, "You signed out of your account."),
    h("p", null, "Close the browser windows that still show the app."),
  );
}

/** `response_mode=form_post`: a button instead of a script, so that the page needs none. */
export function formPostPage(redirectUri: string, fields: Readonly<Record<string, string>>): ServiceAnswer {
  return page(
    { title: "Working…", stylesheet: STYLE_PATH, formAction: new URL(redirectUri).origin },
    h("h1", null, "One more step"),
    h("p", null, "The app asked for its answer as a form. Send it on."),
    h(
      "form",
      { method: "post", action: redirectUri },
      Object.entries(fields).map(([name, value]) => h("input", { type: "hidden", name, value })),
      h("button", { type: "submit", class: "quiet" }, "Continue"),
    ),
  );
}
