import { COLUMNS, type Day, WEATHER } from "../classical/weather.ts";
import type { Serving } from "./workspace.ts";

const TIMEOUT_MS = 30_000;

/** What a station was answered; `prediction` in °C, absent unless the status is 200. */
export interface Forecast {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly deployment: string | null;
  readonly prediction?: number;
}

/** Asks the endpoint for tomorrow's highest temperature. Never throws: an outage is part of the world. */
export async function askForForecast(
  { scoringUri, key }: Serving,
  correlationId: string,
  { features, weather }: Day,
): Promise<Forecast> {
  try {
    const response = await fetch(scoringUri, {
      method: "POST",
      headers: {
        authorization: `Bearer ${key}`,
        "content-type": "application/json",
        "x-ms-client-request-id": correlationId,
      },
      body: JSON.stringify({
        input_data: { columns: [...COLUMNS, WEATHER], index: [0], data: [[...features, weather]] },
      }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer: unknown = await response.json();
    const deployment = response.headers.get("azureml-model-deployment");
    const prediction: unknown = Array.isArray(answer) ? answer[0] : undefined;
    if (response.status !== 200 || typeof prediction !== "number")
      return { status: response.status, deployment };
    return { status: 200, deployment, prediction };
  } catch {
    return { status: 0, deployment: null };
  }
}
