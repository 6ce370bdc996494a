import { app, type HttpRequest, type HttpResponseInit } from "@azure/functions";
import * as z from "zod";
import { durationMs } from "../shared/duration.ts";
import { renamed } from "../shared/inbox/replay.ts";
import type { ModelPolicy } from "../shared/policy/schema.ts";
import { estimatedCost } from "../shared/policy/situation.ts";
import type { Services } from "../shared/services.ts";
import { publishSignal } from "../shared/signals/publish.ts";
import { Signal } from "../shared/signals/signal.ts";
import { json, problem } from "./http.ts";
import { services } from "./services.ts";

type Adapters = Pick<Services, "ledger" | "models" | "policies" | "signals" | "now">;

const Word = z.object({
  reaction: z.string().min(1),
  reason: z.string().trim().min(1).max(2_000),
  by: z.email(),
});

const Evidence = z.object({ signal: Signal });

/**
 * An approver's word that a reaction may cost what the policy estimates: the next one of its kind starts, up to that
 * amount and within the time that approvals have. The signal that it was held back for is decided anew at once.
 */
export async function approveCost(
  request: HttpRequest,
  adapters: Adapters = services(),
): Promise<HttpResponseInit> {
  const model = request.params.model ?? "";
  const policy = adapters.policies.for(model)?.policy;
  if (!policy)
    return problem(404, "No policy", `No pattern under 'models' in the policy matches '${model}'.`);
  const asked = Word.safeParse(await request.json().catch(() => null));
  if (!asked.success) {
    const expected =
      "Send JSON with `reaction`, such as retraining, `reason`, a text, and `by`, your e-mail address.";
    return problem(400, "Not understood", expected);
  }
  const { reaction, by } = asked.data;
  const refusal = refusalOf(model, reaction, by, policy);
  return refusal ?? (await approve(model, policy, asked.data, adapters));
}

function refusalOf(
  model: string,
  reaction: string,
  by: string,
  policy: ModelPolicy,
): HttpResponseInit | null {
  const { approvers } = policy.approval;
  if (!approvers.some(({ email }) => email === by)) {
    return problem(403, "Not an approver", `'${by}' is none of the approvers of ${model} in the policy.`);
  }
  const { approvalAbove = Number.POSITIVE_INFINITY } = policy.cost;
  if (estimatedCost(reaction, policy) > approvalAbove) return null;
  return problem(
    409,
    "Nothing to approve",
    `The policy of ${model} asks for no approval of what a ${reaction} costs.`,
  );
}

/** The ledger has it first. A second word approves the same anew; what the first one started holds the rest back. */
async function approve(
  model: string,
  policy: ModelPolicy,
  { reaction, reason, by }: z.infer<typeof Word>,
  { ledger, models, signals, now }: Adapters,
): Promise<HttpResponseInit> {
  const at = now();
  const amount = estimatedCost(reaction, policy);
  const until = new Date(at.getTime() + durationMs(policy.approval.expireAfter)).toISOString();
  const { costRequests } = await models.read(model);
  const held = costRequests.find((one) => one.reaction === reaction);
  await ledger.append(`cost:${model}/${reaction}@${at.toISOString()}`, {
    kind: "step",
    summary: `${by} approved ${amount} ${policy.cost.currency} for ${reaction} of ${model} until ${until}: ${reason}`,
    actor: by,
    model,
    evidence: { reaction, amount, currency: policy.cost.currency, until, signal: held?.signal ?? null },
  });
  await models.update(model, (state) => ({
    ...state,
    approvedCosts: [
      ...state.approvedCosts.filter((one) => one.reaction !== reaction),
      { reaction, amount, until },
    ],
  }));
  const decided = Evidence.safeParse((await ledger.find(`signal:${held?.signal}`))?.evidence);
  const again = decided.success ? renamed([decided.data.signal], `cost@${at.toISOString()}`) : [];
  for (const signal of again) await publishSignal(signals, signal);
  return json(
    { model, reaction, amount, currency: policy.cost.currency, until, signal: again[0]?.id ?? null },
    202,
  );
}

app.http("approveCost", {
  methods: ["POST"],
  authLevel: "function",
  route: "api/models/{model}/costs",
  handler: (request) => approveCost(request),
});
