import type { ScoringRequest } from "./scenario.ts";
import type { Serving } from "./workspace.ts";

const TIMEOUT_MS = 30_000;

/** What a caller was answered; `prediction` is of its one row, absent unless the status is 200. */
export interface Scored {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly deployment: string | null;
  readonly prediction?: unknown;
}

/** Asks the endpoint about one row. Never throws: an outage is part of the world. */
export async function ask(
  { scoringUri, key }: Serving,
  { correlationId, body }: ScoringRequest,
): Promise<Scored> {
  try {
    const response = await fetch(scoringUri, {
      method: "POST",
      headers: {
        authorization: `Bearer ${key}`,
        "content-type": "application/json",
        "x-ms-client-request-id": correlationId,
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer: unknown = await response.json();
    const deployment = response.headers.get("azureml-model-deployment");
    const prediction: unknown = Array.isArray(answer) ? answer[0] : undefined;
    if (response.status !== 200 || prediction === undefined) return { status: response.status, deployment };
    return { status: 200, deployment, prediction };
  } catch {
    return { status: 0, deployment: null };
  }
}
