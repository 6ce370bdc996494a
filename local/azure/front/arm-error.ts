import type { ServiceAnswer } from "../service.ts";

/** An error answer as Azure Resource Manager words it: `{ error: { code, message, ... } }`. */
export function armError(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): ServiceAnswer {
  return {
    status,
    headers: { ...headers, "x-ms-failure-cause": "gateway" },
    body: { error: { code, message } },
  };
}
