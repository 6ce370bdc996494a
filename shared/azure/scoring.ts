/** One scored request: how it ended, and how long it took as the caller saw it. */
export interface Score {
  /** HTTP status; 0 when no answer came in time or at all. */
  readonly status: number;
  readonly durationMs: number;
}

/** Longest a managed endpoint may take: 180 s. A smoke test need not wait so long. */
const SCORING_TIMEOUT_MS = 30_000;

/** Sends one request to a deployment, whatever its share of the traffic. A failure is an answer here, not an error. */
export async function score(
  endpoint: { readonly scoringUri: string; readonly key: string },
  deployment: string,
  request: unknown,
): Promise<Score> {
  const started = performance.now();
  let status = 0;
  try {
    const response = await fetch(endpoint.scoringUri, {
      method: "POST",
      headers: {
        authorization: `Bearer ${endpoint.key}`,
        "content-type": "application/json",
        "azureml-model-deployment": deployment,
      },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(SCORING_TIMEOUT_MS),
    });
    await response.arrayBuffer();
    status = response.status;
  } catch {
    // No answer is what is being measured: it counts as a failed request.
  }
  return { status, durationMs: performance.now() - started };
}
