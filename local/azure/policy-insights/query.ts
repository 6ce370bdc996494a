import type { Kept } from "./store.ts";

/** One record of `queryResults`, with the fields that the real service always sends. */
export type PolicyRecord = Readonly<Record<string, unknown>>;

export function toRecord({ state, at }: Kept, location: string): PolicyRecord {
  const { resourceId, policyAssignmentId, policyDefinitionId, complianceState } = state;
  const [, , subscriptionId = "", , resourceGroup = "", , provider = "", type = ""] = resourceId.split("/");
  const [scope = ""] = policyAssignmentId.split(/\/providers\/Microsoft\.Authorization\//i);
  return {
    timestamp: at,
    resourceId,
    policyAssignmentId,
    policyDefinitionId,
    effectiveParameters: "",
    isCompliant: complianceState === "Compliant",
    subscriptionId,
    resourceType: provider === "" ? "Microsoft.Resources/subscriptions" : `${provider}/${type}`,
    resourceLocation: location,
    resourceGroup,
    resourceTags: "tbd",
    policyAssignmentName: policyAssignmentId.split("/").at(-1),
    policyAssignmentOwner: "tbd",
    policyAssignmentParameters: "",
    policyAssignmentScope: scope,
    policyDefinitionName: policyDefinitionId.split("/").at(-1),
    policyDefinitionAction: state.policyDefinitionAction,
    policyDefinitionCategory: "tbd",
    policySetDefinitionId: "",
    policySetDefinitionName: "",
    policySetDefinitionOwner: "",
    policySetDefinitionCategory: "",
    policySetDefinitionParameters: "",
    managementGroupIds: "",
    policyDefinitionReferenceId: state.policyDefinitionReferenceId,
    complianceState,
    complianceReasonCode: state.complianceReasonCode,
    policyDefinitionGroupNames: [],
  };
}

/** One condition at a time, so that `and` inside quotes joins nothing. */
const CONDITION = /\s*(\w+)\s+(eq|ne)\s+('(?:[^']|'')*'|true|false)\s*(?:(and)\s+|$)/iy;

/** Reads `name eq 'text' and ...`; anything else of OData is refused with a sentence. */
export function readFilter(filter: string): ((record: PolicyRecord) => boolean) | { refused: string } {
  const tests: ((record: PolicyRecord) => boolean)[] = [];
  CONDITION.lastIndex = 0;
  for (let isMore = true; isMore; ) {
    const part = filter.slice(CONDITION.lastIndex);
    const [, name, operator, literal, and] = CONDITION.exec(filter) ?? [];
    if (name === undefined || operator === undefined || literal === undefined) {
      return { refused: `'${part.trim()}' is not simulated, expected NAME eq 'VALUE', joined by and` };
    }
    isMore = and !== undefined;
    const wanted = literal.startsWith("'") ? literal.slice(1, -1).replaceAll("''", "'") : literal;
    tests.push((record) => {
      const isEqual = String(record[name] ?? "").toLowerCase() === wanted.toLowerCase();
      return operator.toLowerCase() === "eq" ? isEqual : !isEqual;
    });
  }
  return (record) => tests.every((test) => test(record));
}
