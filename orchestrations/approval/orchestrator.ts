import type { OrchestrationContext } from "durable-functions";
import { durationMs } from "../../shared/duration.ts";
import { call, eventBefore, orchestration, type Steps } from "../durable.ts";
import { expireApproval, readApproval, remindApprovers, requestApproval } from "./activities.ts";
import { ApprovalAnswer, ApprovalInput, DECISION_EVENT } from "./types.ts";

/** Asks people and waits for their quorum, a rejection, or the end of their time. */
export const approval = orchestration("approval", ApprovalInput, ApprovalAnswer, function* (context, input) {
  const id = context.df.instanceId;
  const requestedAt = context.df.currentUtcDateTime;
  const { model, version } = input.packet;
  const expiresAt = new Date(requestedAt.getTime() + durationMs(input.policy.expireAfter));
  const remindAt = new Date(requestedAt.getTime() + durationMs(input.policy.remindAfter));

  context.df.setCustomStatus(
    `Version ${version} of ${model} waits for approval until ${expiresAt.toISOString()}.`,
  );
  yield* call(context, requestApproval, {
    ...input,
    id,
    requestedAt: requestedAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
  });
  if (remindAt < expiresAt) {
    const early = yield* answerBefore(context, id, remindAt);
    if (early) return early;
    yield* call(context, remindApprovers, { id });
  }
  return (yield* answerBefore(context, id, expiresAt)) ?? (yield* call(context, expireApproval, { id }));
});

/** What people decided, or null when the request is still open at the deadline. Each event is only a nudge to look. */
function* answerBefore(
  context: OrchestrationContext,
  id: string,
  deadline: Date,
): Steps<ApprovalAnswer | null> {
  for (;;) {
    const answer = yield* call(context, readApproval, { id });
    if (answer.status !== "open") return answer;
    if (!(yield* eventBefore(context, DECISION_EVENT, deadline))) return null;
  }
}
