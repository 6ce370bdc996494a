/** One thing that is wrong with a field, as GitHub lists it. */
export interface FieldError {
  readonly resource: string;
  readonly field: string;
  readonly code: "missing" | "missing_field" | "invalid" | "already_exists" | "unprocessable";
  readonly value?: unknown;
}

/** A request that GitHub refuses. */
export class GitHubRefusal extends Error {
  override name = "GitHubRefusal";
  readonly status: number;
  readonly errors: readonly FieldError[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    more: { errors?: readonly FieldError[]; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.errors = more.errors;
    this.headers = more.headers ?? {};
  }
}

export function notFound(): GitHubRefusal {
  return new GitHubRefusal(404, "Not Found");
}

export function validationFailed(...errors: readonly FieldError[]): GitHubRefusal {
  return new GitHubRefusal(422, "Validation Failed", { errors });
}
