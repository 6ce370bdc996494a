import { receive } from "../inbox/receive.ts";
import type { Services } from "../services.ts";
import { buildSignal } from "../signals/build.ts";
import { signalled } from "../signals/outcome.ts";
import type { Signal } from "../signals/signal.ts";
import { signalId } from "../signals/signal-id.ts";
import { type Finding, judge, noAlarms } from "./judge.ts";
import { type Served, servedBy } from "./serving.ts";
import { combine, LATENESS_MS, WINDOW_MS, type Window } from "./windows.ts";

export type Judging = Pick<
  Services,
  "traffic" | "policies" | "models" | "inbox" | "signals" | "now" | "config"
>;

/**
 * Judges the windows of an endpoint that nothing is expected for any more, in order, by deployment. What is found goes
 * to the queue and to the inbox first, and is noted last: a run that died in between says the same again, under the
 * same ids.
 *
 * Signal id: kind, endpoint, deployment, the window's start and the state.
 */
export async function judgeTraffic(endpoint: string, adapters: Judging): Promise<Signal[]> {
  const { traffic, policies, models } = adapters;
  const [tallies, known, states] = await Promise.all([
    traffic.tallies(endpoint),
    traffic.alarms(endpoint),
    models.all(),
  ]);
  const newestAt = Math.max(0, ...tallies.map((tally) => tally.newestAt));
  const closed = combine(tallies.flatMap(({ windows }) => windows)).filter(
    ({ start }) => start + WINDOW_MS + LATENESS_MS <= newestAt,
  );
  const published: Signal[] = [];
  for (const [deployment, windows] of Map.groupBy(closed, (window) => window.deployment)) {
    const served = servedBy(endpoint, deployment, policies, states);
    if (!served) continue;
    const limits = { rollout: served.policy.rollout.limits, quality: served.policy.staging.checks.quality };
    const before = known.find((one) => one.deployment === deployment) ?? noAlarms(deployment);
    let alarms = before;
    for (const window of windows.filter(({ start }) => start > before.judgedThrough)) {
      const judged = judge(window, limits, alarms);
      alarms = judged.alarms;
      published.push(...(await publish(judged.findings, window, served, adapters)));
    }
    if (alarms !== before) await traffic.putAlarms(endpoint, alarms);
  }
  return published;
}

async function publish(
  findings: readonly Finding[],
  window: Window,
  served: Served,
  adapters: Judging,
): Promise<Signal[]> {
  const signals = findings.map((finding) => signalOf(finding, window.deployment, served, adapters));
  if (signals.length === 0) return [];
  const { model, policy } = served;
  const payload = { endpoint: policy.rollout.endpoint, model, window, signals };
  const rule = `traffic/${signals.map(({ kind, state }) => `${kind}/${state}`).join("+")}`;
  await receive(
    "endpoint-traffic",
    Buffer.from(JSON.stringify(payload)),
    signalled(rule, ...signals),
    adapters,
  );
  return signals;
}

function signalOf(
  { kind, state, start, measurement }: Finding,
  deployment: string,
  { model, policy }: Served,
  { config }: Judging,
): Signal {
  const { endpoint } = policy.rollout;
  const at = new Date(start + WINDOW_MS).toISOString();
  return buildSignal({
    id: signalId(kind, "endpoint-traffic", endpoint.toLowerCase(), deployment, at, state),
    kind,
    state,
    subject: {
      workspace: config.workspace.id,
      model,
      endpoint,
      ...(deployment === "" ? {} : { deployment }),
    },
    severity: kind === "endpoint.failing" ? 1 : 2,
    occurredAt: at,
    measurements: [{ ...measurement, ...(deployment === "" ? {} : { group: `deployment=${deployment}` }) }],
    source: { door: "endpoint-traffic", type: "traffic-window", id: `${endpoint}/${deployment}/${at}` },
  });
}
