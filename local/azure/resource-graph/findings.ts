import type { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import { guidOf } from "../guid.ts";
import { openSqliteFile } from "../sqlite-file.ts";
import type { Row } from "./expression.ts";

/** Container images of Azure registries, Microsoft Defender Vulnerability Management. */
const SUB_ASSESSMENT_KEY = "c0b7cfc6-3172-465a-b378-53c7ff2cc0d5";

/** One CVE in one package of one image, as somebody puts it in. */
export const Finding = z.strictObject({
  repository: z.string().min(1).max(256),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, "expected sha256: and 64 hexadecimal digits"),
  tags: z.array(z.string()).default([]),
  cve: z.string().regex(/^CVE-\d{4}-\d{4,}$/, "expected a CVE id such as CVE-2022-42969"),
  severity: z.enum(["Critical", "High", "Medium", "Low"]),
  package: z.string().min(1).max(200),
  version: z.string().default(""),
  fixedVersion: z.string().default(""),
  cvss: z.number().min(0).max(10).default(7.5),
  isInExploitKit: z.boolean().default(false),
  status: z.enum(["Unhealthy", "Healthy", "NotApplicable"]).default("Unhealthy"),
  /** Why it does not count, e.g. `Exempt`; for `NotApplicable` alone. */
  cause: z.string().optional(),
});
export type Finding = z.infer<typeof Finding>;

const Kept = z.object({
  finding: z.string().transform((text) => Finding.parse(JSON.parse(text))),
  at: z.string(),
});
type Kept = z.infer<typeof Kept>;

/** Findings in one SQLite file. The same CVE in the same package and image replaces the one before. */
export class FindingStore {
  readonly #db: DatabaseSync;

  constructor(file: string) {
    this.#db = openSqliteFile(
      file,
      `CREATE TABLE IF NOT EXISTS findings (key TEXT PRIMARY KEY, finding TEXT NOT NULL, at TEXT NOT NULL) STRICT;`,
    );
  }

  put(finding: Finding, at: string): void {
    const sql = "INSERT OR REPLACE INTO findings VALUES (?, ?, ?)";
    this.#db.prepare(sql).run(keyOf(finding), JSON.stringify(finding), at);
  }

  all(): Kept[] {
    const rows = this.#db.prepare("SELECT finding, at FROM findings ORDER BY key").all();
    return rows.map((row) => Kept.parse(row));
  }

  clear(): number {
    return Number(this.#db.prepare("DELETE FROM findings").run().changes);
  }

  close(): void {
    this.#db.close();
  }
}

const keyOf = ({ repository, digest, cve, package: name }: Finding) =>
  `${repository}@${digest}/${cve}/${name}`;

export interface Registry {
  /** ARM id. */
  readonly id: string;
  readonly host: string;
}

/** The same findings in both models: each CVE a sub-assessment, and each package to update a recommendation. */
export function securityResources(kept: readonly Kept[], registry: Registry): Row[] {
  const groups = Map.groupBy(
    kept,
    ({ finding: { repository, digest, package: name } }) => `${repository}@${digest}/${name}`,
  );
  const recommendations = [...groups.values()].map((group) => recommendation(group, registry));
  return [...kept.map((one) => subAssessment(one, registry)), ...recommendations];
}

/** Columns that every row of a Resource Graph table has. */
function columns(id: string, name: string, type: string, registry: Registry): Record<string, unknown> {
  const [, , subscriptionId, , resourceGroup] = registry.id.split("/");
  return {
    id,
    name,
    type,
    tenantId: "00000000-0000-0000-0000-00000000000a",
    kind: "",
    location: "global",
    resourceGroup,
    subscriptionId,
    managedBy: "",
    sku: null,
    plan: null,
    tags: null,
    identity: null,
    zones: null,
    extendedLocation: null,
  };
}

const artifactDetails = ({ finding, at }: Kept, { host }: Registry) => ({
  lastPushedToRegistryUTC: at,
  repositoryName: finding.repository,
  registryHost: host,
  artifactType: "ContainerImage",
  mediaType: "application/vnd.docker.distribution.manifest.v2+json",
  digest: finding.digest,
  tags: finding.tags,
});

const statusOf = ({ status, cause, severity }: Finding) => ({
  code: status,
  severity,
  ...(status === "NotApplicable" && { cause: cause ?? "Exempt" }),
});

function subAssessment(kept: Kept, registry: Registry): Row {
  const { finding, at } = kept;
  const { repository, digest, cve, severity, fixedVersion, cvss, isInExploitKit } = finding;
  const name = guidOf(keyOf(finding));
  const id = `${registry.id}/providers/Microsoft.Security/assessments/${SUB_ASSESSMENT_KEY}/subassessments/${name}`;
  return {
    ...columns(id, name, "microsoft.security/assessments/subassessments", registry),
    properties: {
      id: cve,
      displayName: cve,
      description: `${cve} affects the package ${finding.package}.`,
      remediation: fixedVersion === "" ? "No remediation exists" : `Update to ${fixedVersion}`,
      timeGenerated: at,
      resourceDetails: { id: `/repositories/${repository}/images/${digest}`, source: "Azure" },
      status: statusOf(finding),
      additionalData: {
        assessedResourceType: "AzureContainerRegistryVulnerability",
        cvssV30Score: cvss,
        artifactDetails: artifactDetails(kept, registry),
        softwareDetails: {
          category: "Language",
          packageName: finding.package,
          version: finding.version,
          fixedVersion,
          fixStatus: fixedVersion === "" ? "NoFixAvailable" : "FixAvailable",
          osDetails: { osPlatform: "linux", osVersion: "" },
          evidence: [],
        },
        vulnerabilityDetails: {
          cveId: cve,
          severity,
          publishedDate: at,
          lastModifiedDate: at,
          references: [],
          workarounds: [],
          cvss: { "2.0": null, "3.0": { base: cvss, cvssVectorString: "" } },
          exploitabilityAssessment: {
            isInExploitKit,
            exploitStepsPublished: isInExploitKit,
            exploitStepsVerified: isInExploitKit,
            exploitUris: [],
            types: [],
          },
        },
      },
    },
  };
}

const SEVERITIES = ["Low", "Medium", "High", "Critical"] as const;

function recommendation(group: readonly Kept[], registry: Registry): Row {
  const findings = group.map(({ finding }) => finding);
  const [first] = group;
  if (!first) throw new Error("A group has at least one finding.");
  const { repository, digest, package: packageName, fixedVersion, version } = first.finding;
  const worst = SEVERITIES.findLast((severity) => findings.some((finding) => finding.severity === severity));
  const counted = findings.find(({ status }) => status === "Unhealthy") ?? first.finding;
  const name = guidOf(`recommendation ${repository}@${digest}/${packageName}`);
  const image = `${registry.id}/repositories/${repository}/images/${digest}`;
  const cves = findings.map(({ cve, severity, cvss }) => ({
    CveId: cve,
    Severity: severity,
    CvssScore: cvss,
  }));
  return {
    ...columns(
      `${image}/providers/Microsoft.Security/assessments/${name}`,
      name,
      "microsoft.security/assessments",
      registry,
    ),
    properties: {
      displayName: `Update ${packageName}`,
      metadata: {
        displayName: `Update ${packageName}`,
        severity: worst,
        recommendationCategory: "SoftwareUpdate",
      },
      resourceDetails: {
        Id: image,
        ResourceType: ".containerimage",
        Source: "Azure",
        ResourceName: repository,
      },
      status: statusOf(counted),
      additionalData: {
        CvesDetails: JSON.stringify(cves),
        FixedVersion: fixedVersion,
        DetectedSoftwareVersions: version,
        ArtifactDetails: artifactDetails(first, registry),
      },
    },
  };
}
