import { buildSignal } from "./build.ts";
import { caseless, firstProblem, Name, OptionalText, readTime } from "./fields.ts";
import { ignored, type ParseOutcome, rejected, signalled } from "./outcome.ts";
import { foldCase } from "./resource-id.ts";
import type { Signal } from "./signal.ts";
import { signalId } from "./signal-id.ts";

const RULE = "defender/image";

const Artifact = caseless({ registryHost: OptionalText, repositoryName: OptionalText, digest: OptionalText });

const Finding = caseless({
  id: Name,
  properties: caseless({
    id: OptionalText,
    displayName: OptionalText,
    timeGenerated: OptionalText,
    status: caseless({
      code: OptionalText,
      severity: OptionalText,
      cause: OptionalText,
      statusChangeDate: OptionalText,
    }),
    additionalData: caseless({
      artifactDetails: Artifact.optional(),
      vulnerabilityDetails: caseless({
        severity: OptionalText,
        cveId: OptionalText,
      }).optional(),
    }).optional(),
  }),
});

const STATES: ReadonlyMap<string, Signal["state"]> = new Map([
  ["unhealthy", "raised"],
  ["healthy", "cleared"],
]);

const SEVERITIES: ReadonlyMap<string, number> = new Map([
  ["critical", 0],
  ["high", 1],
  ["medium", 2],
  ["low", 3],
]);

/**
 * What Defender for Containers found in an image. Other assessments, and those that do not apply, call for nothing.
 *
 * Id: the finding, its state and since when, so that the weekly full copy repeats it and one that comes back does not.
 */
export function defenderFinding(record: unknown): ParseOutcome {
  const read = Finding.safeParse(record);
  if (!read.success) {
    const { field, reason } = firstProblem(read.error);
    return rejected(RULE, field, reason);
  }
  const { properties, id } = read.data;
  const artifact = properties.additionalData?.artifactDetails;
  if (!artifact?.repositoryName || !artifact.digest)
    return ignored(RULE, "the assessment is not about an image");
  const state = STATES.get((properties.status.code ?? "").toLowerCase());
  if (!state)
    return ignored(
      RULE,
      `a finding that is ${properties.status.code?.slice(0, 40) ?? "without status"} calls for nothing`,
    );
  const occurredAt = readTime(properties.timeGenerated) ?? readTime(properties.status.statusChangeDate);
  if (!occurredAt) return rejected(RULE, "properties.timeGenerated", "expected a date, found none");
  const since = readTime(properties.status.statusChangeDate);
  const details = properties.additionalData?.vulnerabilityDetails;
  const severity = details?.severity ?? properties.status.severity;
  const image = `${artifact.registryHost ? `${artifact.registryHost}/` : ""}${artifact.repositoryName}@${artifact.digest}`;
  const signal = buildSignal({
    id: signalId("image.vulnerable", foldCase(id), state, ...(since === null ? [] : [since])),
    kind: "image.vulnerable",
    state,
    subject: { image },
    severity: SEVERITIES.get(severity?.toLowerCase() ?? "") ?? 2,
    occurredAt,
    facts: { finding: properties.displayName, cve: details?.cveId ?? properties.id, severity },
    source: { door: "endpoint-traffic", type: "Microsoft.Security/assessments", id },
  });
  return signalled(RULE, signal);
}
