/** Who and what the simulated tenant knows: people, by their persona, and applications. Made of zeros, as all ids here. */

export const TENANT_ID = "00000000-0000-0000-0000-00000000000a";
export const TENANT_NAME = "Outerloop, on this machine";
/** The managed identity of the app. */
export const PRINCIPAL_ID = "00000000-0000-0000-0000-00000000000b";
export const IDENTITY_CLIENT_ID = "00000000-0000-0000-0000-00000000000c";

/** The app as Entra ID knows it: who signs in, signs in to this, and the API's tokens are for this. */
export const APP_CLIENT_ID = "00000000-0000-0000-0000-00000000000d";
export const APP_ID_URI = "api://outerloop";
/** The delegated permissions that the API exposes. */
export const APP_SCOPES: readonly string[] = ["user_impersonation"];

/** Somebody who can sign in. The name is the duty: nobody is invented. */
export interface Persona {
  /** Value of the app role, as it stands in the `roles` claim. */
  readonly role: string;
  readonly name: string;
  readonly duty: string;
  readonly objectId: string;
  readonly userName: string;
}

function persona(number: number, role: string, name: string, duty: string): Persona {
  return {
    role,
    name,
    duty,
    objectId: `00000000-0000-0000-0000-${String(100 + number).padStart(12, "0")}`,
    userName: `${name.toLowerCase().replaceAll(/[^a-z]+/g, "-")}@outerloop.example`,
  };
}

/** The people of the MLOps v2 architecture's table of personas, in its order. */
export const PERSONAS: readonly Persona[] = [
  persona(
    1,
    "data-scientist",
    "Data scientist",
    "Trains, evaluates and deploys; mends models, packages and data",
  ),
  persona(2, "data-analyst", "Data analyst", "Brings inputs by SQL and BI, supports development"),
  persona(3, "model-tester", "Model tester", "Tests in testing and staging, apart from CI/CD"),
  persona(
    4,
    "business-stakeholder",
    "Business stakeholder",
    "Attached to the project, for example from marketing",
  ),
  persona(
    5,
    "project-lead",
    "Data science lead",
    "Administers the project's workspace, mends models and packages",
  ),
  persona(6, "product-owner", "Product owner", "Answers for the workspace by owning its data"),
  persona(
    7,
    "platform-support",
    "Platform technical support",
    "Mends infrastructure and service, just in time",
  ),
  persona(8, "model-end-user", "Model end user", "Consumes the model"),
];

/** An application with a secret of its own; a process of the table of personas has its role as an application role. */
export interface Registration {
  readonly clientId: string;
  readonly objectId: string;
  readonly name: string;
  readonly roles: readonly string[];
  /** Empty: nobody signs in to it. The port of a loopback address counts for nothing, as at Entra ID. */
  readonly redirectUris: readonly string[];
}

/** Where sign-ins of the app may end: the platform's own authentication, and pages of the app itself. */
const REDIRECT_URIS = [
  "/.auth/login/aad/callback",
  "/auth/callback",
  "/signin/callback",
  "/signin-oidc",
].flatMap((path) =>
  ["localhost", "127.0.0.1"].flatMap((host) => [`http://${host}${path}`, `https://${host}${path}`]),
);

/** Where a sign-out may end: anywhere on this machine under these. */
export const SIGN_OUT_PATHS: readonly string[] = ["/", "/console", "/signed-out"];

function registration(
  number: number,
  name: string,
  roles: readonly string[],
  redirectUris: readonly string[] = [],
): Registration {
  const tail = (first: number) => `00000000-0000-0000-0000-${String(first + number).padStart(12, "0")}`;
  return { clientId: tail(200), objectId: tail(300), name, roles, redirectUris };
}

export const REGISTRATIONS: readonly Registration[] = [
  { ...registration(0, "Outerloop", [], REDIRECT_URIS), clientId: APP_CLIENT_ID },
  registration(1, "CI/CD processes", ["ci-cd"]),
  registration(2, "Monitoring processes", ["monitoring"]),
  registration(3, "Data governance processes", ["data-governance"]),
];

const LOOPBACK = /^(localhost|127\.0\.0\.1)$/;

/**
 * Whether a sign-in may end at `uri`: same scheme, host, path and query as a registered one, any port on loopback.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/reply-url#localhost-exceptions
 */
export function isRegisteredRedirect({ redirectUris }: Registration, uri: string): boolean {
  const portless = withoutLoopbackPort(uri);
  return portless !== undefined && redirectUris.some((known) => withoutLoopbackPort(known) === portless);
}

/** Whether a sign-out may end at `uri`: a page of this machine that the app is known to have. */
export function isSignOutRedirect(uri: string): boolean {
  const url = URL.parse(uri);
  return url !== null && /^https?:$/.test(url.protocol) && isLoopbackPage(url);
}

function isLoopbackPage({ hostname, pathname, username, hash }: URL): boolean {
  return LOOPBACK.test(hostname) && username === "" && hash === "" && SIGN_OUT_PATHS.includes(pathname);
}

function withoutLoopbackPort(uri: string): string | undefined {
  const url = URL.parse(uri);
  if (!url || url.username || url.password || url.hash) return undefined;
  if (LOOPBACK.test(url.hostname)) url.port = "";
  return url.href;
}
