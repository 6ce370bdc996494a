import { buildSignal } from "./build.ts";
import type { EventParser } from "./event-parser.ts";
import { caseless, Name, OptionalText, readTime } from "./fields.ts";
import { ignored, signalled } from "./outcome.ts";
import { foldCase, subjectOf } from "./resource-id.ts";
import type { Signal } from "./signal.ts";
import { signalId } from "./signal-id.ts";

const PolicyState = caseless({
  timestamp: OptionalText,
  policyAssignmentId: Name,
  policyDefinitionId: OptionalText,
  policyDefinitionReferenceId: OptionalText,
  complianceState: OptionalText,
  complianceReasonCode: OptionalText,
});

/** Other states (Unknown, Conflict, Error) say nothing about the resource. */
const STATES: ReadonlyMap<string, Signal["state"]> = new Map([
  ["noncompliant", "raised"],
  ["compliant", "cleared"],
  ["exempt", "cleared"],
]);

/**
 * A resource's compliance with an Azure Policy.
 *
 * Id: resource, assignment, definition, state and `data.timestamp`, so that a subscription and a management group
 * that both report the change give the same one.
 */
export const policyStateChanged: EventParser = (event, { rule, occurredAt, data }) => {
  const read = PolicyState.safeParse(data);
  if (!read.success) return { problem: read.error };
  const { policyAssignmentId, policyDefinitionId, policyDefinitionReferenceId, complianceState } = read.data;
  const isDeleted = event.type.toLowerCase().endsWith("deleted");
  const state = isDeleted ? "cleared" : STATES.get((complianceState ?? "").toLowerCase());
  if (!state)
    return ignored(rule, `a compliance of ${complianceState?.slice(0, 40) ?? "nothing"} calls for nothing`);
  const changedAt = readTime(read.data.timestamp) ?? occurredAt;
  const identity = [event.subject, policyAssignmentId, policyDefinitionId, policyDefinitionReferenceId];
  const signal = buildSignal({
    id: signalId("policy.violated", ...identity.map((part) => foldCase(part ?? "")), state, changedAt),
    kind: "policy.violated",
    state,
    subject: { ...subjectOf(event.subject), resource: event.subject },
    severity: 2,
    occurredAt: changedAt,
    facts: {
      assignment: policyAssignmentId,
      definition: policyDefinitionId,
      reference: policyDefinitionReferenceId,
      complianceState,
      reasonCode: read.data.complianceReasonCode,
    },
    source: { door: "model-events", type: event.type, id: event.id },
  });
  return signalled(rule, signal);
};
