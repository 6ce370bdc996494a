import { setTimeout as wait } from "node:timers/promises";

/** Tells a job's figures to MLflow, where a job runs that has a tracking server; elsewhere it tells nobody. */
export interface Tracking {
  logMetrics(metrics: Readonly<Record<string, number>>): Promise<void>;
  setTag(key: string, value: string): Promise<void>;
}

/** The tracking server refused. The job fails then: a run without its figures would be taken for a good one. */
export class TrackingError extends Error {
  override name = "TrackingError";
}

const NOBODY: Tracking = { logMetrics: async () => {}, setTag: async () => {} };
const TIMEOUT_MS = 30_000;
/** Before each further try, where the server does not say itself how long. */
const WAITS_MS = [200, 1_000, 5_000];
const LONGEST_WAIT_MS = 60_000;

/** Reads `MLFLOW_TRACKING_URI`, `MLFLOW_TRACKING_TOKEN` and `MLFLOW_RUN_ID` (or `AZUREML_RUN_ID`), as Azure ML sets them. */
export function trackingFrom(environment: NodeJS.ProcessEnv): Tracking {
  const { MLFLOW_TRACKING_URI: uri, MLFLOW_TRACKING_TOKEN: token } = environment;
  const run = environment.MLFLOW_RUN_ID ?? environment.AZUREML_RUN_ID;
  if (!uri) return NOBODY;
  if (!run) throw new TrackingError("MLFLOW_TRACKING_URI is set but MLFLOW_RUN_ID is not, expected both.");
  const base = `${uri.replace("azureml://", "https://").replace(/\/$/, "")}/api/2.0/mlflow`;

  async function post(path: string, body: object): Promise<void> {
    const response = await sendPatiently(`${base}/${path}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      body: JSON.stringify({ run_id: run, ...body }),
    });
    if (!response.ok) {
      throw new TrackingError(
        `MLflow answered ${response.status} to ${path} of run '${run}', expected 200: ${await response.text()}`,
      );
    }
    await response.body?.cancel();
  }

  return {
    logMetrics: (metrics) => {
      const timestamp = Date.now();
      const rows = Object.entries(metrics).map(([key, value]) => ({ key, value, timestamp, step: 0 }));
      return post("runs/log-batch", { metrics: rows, params: [], tags: [] });
    },
    setTag: (key, value) => post("runs/set-tag", { key, value }),
  };
}

/** Sends again what was throttled, met a broken server, or none: the same figure of the same moment counts once. */
async function sendPatiently(url: string, init: RequestInit): Promise<Response> {
  for (const waitMs of WAITS_MS) {
    const answer = await send(url, init).catch(() => undefined);
    if (answer && answer.status !== 429 && answer.status < 500) return answer;
    const asked = Number(answer?.headers.get("retry-after") ?? Number.NaN) * 1000;
    await answer?.body?.cancel();
    await wait(asked >= 0 ? Math.min(asked, LONGEST_WAIT_MS) : waitMs);
  }
  return send(url, init);
}

const send = (url: string, init: RequestInit): Promise<Response> =>
  fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
