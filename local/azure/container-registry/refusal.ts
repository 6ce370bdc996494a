import type { ServiceAnswer } from "../service.ts";

/** A request that the registry refuses, in the words of the OCI distribution API. */
export class RegistryRefusal extends Error {
  override name = "RegistryRefusal";
  readonly status: number;
  readonly code: string;
  readonly detail: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { detail?: unknown; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.detail = more.detail ?? null;
    this.headers = more.headers ?? {};
  }

  answer(): ServiceAnswer {
    const { status, code, message, detail, headers } = this;
    return { status, headers, body: { errors: [{ code, message, detail }] } };
  }
}

export const manifestUnknown = (reference: string) =>
  new RegistryRefusal(404, "MANIFEST_UNKNOWN", `manifest tagged by "${reference}" is not found`, {
    detail: { Tag: reference },
  });

export const nameUnknown = (name: string) =>
  new RegistryRefusal(404, "NAME_UNKNOWN", "repository name not known to registry", { detail: { name } });

/** Locked or quarantined. */
export const disallowed = () =>
  new RegistryRefusal(
    405,
    "REGISTRY_DISALLOWED_OPERATION",
    "The operation is disallowed on this registry, repository or image. View troubleshooting steps at https://aka.ms/acr/faq/#why-does-my-pull-or-push-request-fail-with-disallowed-operation",
  );

export const invalid = (code: string, message: string, detail?: unknown) =>
  new RegistryRefusal(400, code, message, { detail });
