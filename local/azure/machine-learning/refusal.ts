import type { ServiceAnswer } from "../service.ts";

/** A request the service refuses, with what it answers. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly status: number;
  readonly code: string;
  /** The specific code inside the general one, as the ML front end words it. */
  readonly detail: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { detail?: string; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.detail = more.detail;
    this.headers = more.headers ?? {};
  }
}

export const invalid = (message: string, detail = "ValidationError"): Refusal =>
  new Refusal(400, "UserError", message, { detail });

export const notFound = (message: string): Refusal =>
  new Refusal(404, "UserError", message, { detail: "NotFound" });

export const conflict = (message: string): Refusal => new Refusal(409, "Conflict", message);

/** The body and headers of a refusal, as Azure Resource Manager words errors. */
export function armAnswer({ status, code, message, detail, headers }: Refusal): ServiceAnswer {
  const error = {
    code,
    message,
    details: detail === undefined ? [] : [{ code: detail, message }],
    additionalInfo: [{ type: "ComponentName", info: { value: "managementfrontend" } }],
  };
  return { status, headers, body: { error } };
}

/** The same refusal as MLflow words errors. */
export function mlflowAnswer({ status, code, message, headers }: Refusal): ServiceAnswer {
  return { status, headers, body: { error_code: code, message } };
}
