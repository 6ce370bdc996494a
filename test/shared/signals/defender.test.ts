import { describe, expect, test } from "vitest";
import { defenderFinding } from "../../../shared/signals/defender.ts";

const finding = (status: object, more: object = {}, artifactDetails: object | undefined = ARTIFACT) =>
  defenderFinding({
    id: "/Registries/R/subassessments/1",
    type: "Microsoft.Security/assessments/subassessments",
    properties: {
      id: "CVE-1",
      displayName: "a hole",
      timeGenerated: "2026-07-01T08:00:00Z",
      status,
      additionalData: { artifactDetails },
      ...more,
    },
  });
const ARTIFACT = { registryHost: "r.azurecr.io", repositoryName: "fraud", digest: "sha256:abc" };

const idOf = (outcome: ReturnType<typeof finding>) =>
  outcome.outcome === "signal" ? outcome.signals[0]?.id : outcome;

test("a finding about an image is a signal with all that it says", () => {
  expect(finding({ code: "Unhealthy", severity: "High" })).toMatchObject({
    outcome: "signal",
    signals: [
      {
        kind: "image.vulnerable",
        state: "raised",
        subject: { image: "r.azurecr.io/fraud@sha256:abc" },
        severity: 1,
        occurredAt: "2026-07-01T08:00:00.000Z",
        evidence: { facts: { finding: "a hole", cve: "CVE-1", severity: "High" } },
        id: expect.stringMatching(/^image\.vulnerable:[0-9a-f]{32}$/),
        source: { door: "endpoint-traffic", type: "Microsoft.Security/assessments" },
      },
    ],
  });
});

test.each([
  { severity: "Critical", counts: 0 },
  { severity: "high", counts: 1 },
  { severity: "Medium", counts: 2 },
  { severity: "LOW", counts: 3 },
  { severity: "__proto__", counts: 2 },
  { severity: undefined, counts: 2 },
])("a severity of $severity counts as $counts", ({ severity, counts }) => {
  expect(finding({ code: "unhealthy", severity })).toMatchObject({ signals: [{ severity: counts }] });
});

test("the vulnerability's own severity and name count before the finding's", () => {
  const additionalData = {
    artifactDetails: { repositoryName: "fraud", digest: "sha256:abc" },
    vulnerabilityDetails: { severity: "Critical", cveId: "CVE-2" },
  };
  expect(finding({ code: "Unhealthy", severity: "Low" }, { additionalData })).toMatchObject({
    signals: [
      {
        severity: 0,
        subject: { image: "fraud@sha256:abc" },
        evidence: { facts: { cve: "CVE-2", severity: "Critical" } },
      },
    ],
  });
});

describe("its id", () => {
  const found = (statusChangeDate: string | undefined, code = "Unhealthy", more: object = {}) =>
    idOf(finding({ code, statusChangeDate }, more));

  test("is the same in the weekly full copy, which was made another day", () => {
    const since = "2026-06-01T00:00:00Z";
    expect(found(since, "Unhealthy", { timeGenerated: "2026-07-08T08:00:00Z" })).toBe(found(since));
    expect(found(undefined, "Unhealthy", { timeGenerated: "2026-07-08T08:00:00Z" })).toBe(found(undefined));
  });

  test("is another when it was mended, and when it was found again", () => {
    const ids = [
      found("2026-06-01T00:00:00Z"),
      found("2026-06-02T00:00:00Z", "Healthy"),
      found("2026-06-03T00:00:00Z"),
      found(undefined),
    ];
    expect(new Set(ids).size).toBe(4);
  });
});

test.each([
  { status: { code: "NotApplicable" }, reason: "a finding that is NotApplicable calls for nothing" },
  { status: {}, reason: "a finding that is without status calls for nothing" },
  { status: { code: "x".repeat(99) }, reason: `a finding that is ${"x".repeat(40)} calls for nothing` },
])("$reason", ({ status, reason }) => {
  expect(finding(status)).toMatchObject({ outcome: "ignored", reason });
});

test.each([
  { why: "nothing", artifact: undefined },
  { why: "no digest", artifact: { repositoryName: "fraud" } },
  { why: "no repository", artifact: { digest: "sha256:abc" } },
])("an assessment that names $why of an image calls for nothing", ({ artifact }) => {
  const additionalData = artifact === undefined ? undefined : { artifactDetails: artifact };
  expect(finding({ code: "Unhealthy" }, { additionalData })).toMatchObject({
    outcome: "ignored",
    reason: "the assessment is not about an image",
  });
});

test("a finding is dated by when its state changed where it was not dated itself, and refused without either", () => {
  const undated = { timeGenerated: undefined };
  expect(finding({ code: "Unhealthy", statusChangeDate: "2026-06-01T00:00:00Z" }, undated)).toMatchObject({
    signals: [{ occurredAt: "2026-06-01T00:00:00.000Z" }],
  });
  expect(finding({ code: "Unhealthy" }, undated)).toMatchObject({
    outcome: "rejected",
    field: "properties.timeGenerated",
    reason: "expected a date, found none",
  });
});

test("a finding without details calls for nothing, in Defender's own rule", () => {
  const properties = { status: { code: "Unhealthy" }, timeGenerated: "2026-07-01T08:00:00Z" };
  expect(defenderFinding({ id: "1", properties })).toMatchObject({
    outcome: "ignored",
    rule: "defender/image",
  });
});

test("a finding without an id is refused, naming the field", () => {
  expect(defenderFinding({ properties: { status: {} } })).toMatchObject({
    outcome: "rejected",
    field: "id",
  });
});
