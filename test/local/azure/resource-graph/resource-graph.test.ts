import { readFileSync } from "node:fs";
import { ResourceGraphClient } from "@azure/arm-resourcegraph";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { SUBSCRIPTION, startCloud } from "../cloud.ts";

const cloud = startCloud();
const DIGEST = `sha256:${"a".repeat(64)}`;
const OTHER = `sha256:${"b".repeat(64)}`;

let client: ResourceGraphClient;
beforeAll(() => {
  client = new ResourceGraphClient(cloud.credential, { endpoint: cloud.azure.origin });
});
beforeEach(() => cloud.call("DELETE", "/_findings"));

const high = {
  repository: "azureml/weather",
  digest: DIGEST,
  cve: "CVE-2022-42969",
  severity: "High",
  package: "py",
};
async function find(finding: Record<string, unknown>): Promise<void> {
  expect((await cloud.call("POST", "/_findings", { ...high, ...finding })).status).toBe(201);
}
type Data = Record<string, unknown>[];
async function ask(query: string, options: Record<string, unknown> = {}) {
  const answer = await client.resources({ query, subscriptions: [SUBSCRIPTION], options });
  return { ...answer, data: answer.data as Data };
}

/** The query of the grouped model, as Defender's own pages have it. */
const GROUPED = `securityresources
  | where type =~ "microsoft.security/assessments/subassessments"
  | where properties.additionalData.assessedResourceType == "AzureContainerRegistryVulnerability"
  | extend key = extract(@"(?i)providers/Microsoft.Security/assessments/([^/]*)", 1, id)
  | where key == "c0b7cfc6-3172-465a-b378-53c7ff2cc0d5"
  | where properties.additionalData.artifactDetails.digest == "${DIGEST}" and properties.status.code == "Unhealthy"
  | project id, cve = tostring(properties.id), severity = tostring(properties.status.severity), key
  | order by id asc`;
/** The query of individual recommendations. */
const INDIVIDUAL = `securityresources
  | where type == "microsoft.security/assessments"
  | where properties.metadata.recommendationCategory == "SoftwareUpdate"
  | where properties.resourceDetails.ResourceType == ".containerimage" and properties.resourceDetails.Source == "Azure"
  | where tostring(properties.resourceDetails.Id) contains "${DIGEST}"
  | extend details = parse_json(tostring(properties.additionalData.CvesDetails))
  | mv-expand details
  | project id, cve = tostring(details.CveId), severity = tostring(properties.metadata.severity), fixed = properties.additionalData.FixedVersion
  | order by cve asc`;

describe("findings", () => {
  test("are answered in the grouped model, one row for each CVE and image", async () => {
    await find({});
    await find({ cve: "CVE-2023-0001", severity: "Low", status: "NotApplicable", cause: "Exempt" });
    await find({ digest: OTHER });
    const { data, totalRecords, count, resultTruncated } = await ask(GROUPED);
    expect({ totalRecords, count, resultTruncated }).toEqual({
      totalRecords: 1,
      count: 1,
      resultTruncated: "false",
    });
    expect(data).toEqual([
      {
        id: expect.stringMatching(
          /registries\/crouterloop\/providers\/Microsoft\.Security\/assessments\/c0b7cfc6-[0-9a-f-]+\/subassessments\/[0-9a-f-]{36}$/,
        ),
        cve: "CVE-2022-42969",
        severity: "High",
        key: "c0b7cfc6-3172-465a-b378-53c7ff2cc0d5",
      },
    ]);
  });

  test("are answered in the individual model, one recommendation for each package, worst severity first", async () => {
    await find({ fixedVersion: "1.12.0" });
    await find({ cve: "CVE-2023-0001", severity: "Critical" });
    const { data } = await ask(INDIVIDUAL);
    expect(data).toMatchObject([
      { cve: "CVE-2022-42969", severity: "Critical", fixed: "1.12.0" },
      { cve: "CVE-2023-0001", severity: "Critical", fixed: "1.12.0" },
    ]);
    expect(new Set(data.map(({ id }) => id)).size).toBe(1);
  });

  test("have every field of the published sub-assessment that a gate reads", async () => {
    await find({ tags: ["v1"], version: "1.11.0" });
    const { data } = await ask(
      'securityresources | where type == "microsoft.security/assessments/subassessments"',
    );
    const published = JSON.parse(
      readFileSync("test/fixtures/events/defender-subassessment-container-image-vulnerability.json", "utf8"),
    )[0];
    const ours = data[0] as { properties: { additionalData: Record<string, object> } };
    const missing = (of: object, from: object) => Object.keys(of).filter((key) => !(key in from));
    // What the page derives from the row is the query's to add.
    expect(missing(published, ours)).toEqual(["assessmentKey", "timeGenerated"]);
    const { additionalData, ...properties } = published.properties;
    expect(missing(properties, ours.properties)).toEqual([]);
    for (const part of Object.keys(additionalData)) {
      if (typeof additionalData[part] !== "object") continue;
      const allowed = part === "softwareDetails" ? ["language", "vendor"] : ["weaknesses", "cpe"];
      expect(
        missing(additionalData[part], ours.properties.additionalData[part] ?? {}).filter(
          (key) => !allowed.includes(key),
        ),
      ).toEqual([]);
    }
    expect(ours).toMatchObject({
      properties: {
        status: { code: "Unhealthy", severity: "High" },
        additionalData: {
          artifactDetails: { repositoryName: "azureml/weather", digest: DIGEST, tags: ["v1"] },
        },
      },
    });
  });

  test("are not there for another subscription", async () => {
    await find({});
    const answer = await client.resources({ query: "securityresources", subscriptions: ["other"] });
    expect(answer.totalRecords).toBe(0);
  });

  test("outlive a restart", async () => {
    await find({});
    await cloud.restart();
    client = new ResourceGraphClient(cloud.credential, { endpoint: cloud.azure.origin });
    expect((await ask(GROUPED)).count).toBe(1);
  });

  test.each([
    { finding: { cve: "42969" }, says: "'cve' is invalid: expected a CVE id such as CVE-2022-42969" },
    { finding: { digest: "latest" }, says: "'digest' is invalid: expected sha256:" },
    { finding: { severity: "Bad" }, says: "'severity' is invalid" },
    { finding: { colour: "red" }, says: 'Unrecognized key: "colour"' },
  ])("are refused with $finding, naming the field", async ({ finding, says }) => {
    expect(await cloud.call("POST", "/_findings", { ...high, ...finding })).toMatchObject({
      status: 400,
      body: { error: { code: "InvalidFinding", message: expect.stringContaining(says) } },
    });
  });
});

describe("a query", () => {
  test("is answered page by page, in order of id, each row once", async () => {
    for (let n = 1; n <= 5; n += 1) await find({ cve: `CVE-2024-000${n}` });
    const query =
      'securityresources | where type endswith "subassessments" | project id, cve = properties.id | order by id asc';
    const seen: unknown[] = [];
    let skipToken: string | undefined;
    let pages = 0;
    do {
      const page = await ask(query, { top: 2, ...(skipToken && { skipToken }) });
      expect(page.totalRecords).toBe(5);
      seen.push(...page.data.map(({ cve }) => cve));
      skipToken = page.skipToken;
      expect(page.resultTruncated).toBe(skipToken ? "true" : "false");
      pages += 1;
    } while (skipToken);
    expect(pages).toBe(3);
    expect(seen.toSorted()).toEqual([1, 2, 3, 4, 5].map((n) => `CVE-2024-000${n}`));
  });

  test("is not paged without the id column, nor with another query's token", async () => {
    for (let n = 1; n <= 3; n += 1) await find({ cve: `CVE-2024-000${n}` });
    const without = await ask("securityresources | project name", { top: 1 });
    expect(without).toMatchObject({ resultTruncated: "true", count: 1 });
    expect(without.skipToken).toBeUndefined();
    const { skipToken } = await ask("securityresources | project id", { top: 1 });
    await expect(ask("securityresources | project id, name", { skipToken })).rejects.toMatchObject({
      statusCode: 400,
    });
  });

  test("gives a table when that is asked for", async () => {
    await find({});
    const answer = await client.resources({
      query:
        'securityresources | where type endswith "subassessments" | project cve = properties.id, score = properties.additionalData.cvssV30Score',
      options: { resultFormat: "table" },
    });
    expect(answer.data).toEqual({
      columns: [
        { name: "cve", type: "string" },
        { name: "score", type: "number" },
      ],
      rows: [["CVE-2022-42969", 7.5]],
    });
  });

  test.each([
    { query: "", token: "<EOF>", says: "expected a name" },
    { query: "resources | take 1", token: "resources", says: "the table 'resources' is not simulated" },
    {
      query: "securityresources | summarize count() by name",
      token: "summarize",
      says: "the operator 'summarize' is not",
    },
    {
      query: "securityresources | where hash(name) == 1",
      token: "hash",
      says: "the function 'hash' is not simulated",
    },
    { query: "securityresources | where type == ", token: "<EOF>", says: "expected a name" },
    { query: "securityresources | where (type == 'a'", token: "<EOF>", says: "expected ')'" },
    { query: "securityresources where type == 'a'", token: "where", says: "expected '|' or the end" },
    { query: "securityresources\n | where type ~ 'a'", token: "~", says: "'~' begins nothing" },
  ])("'$query' fails loudly at '$token'", async ({ query, token, says }) => {
    await expect(ask(query)).rejects.toMatchObject({
      statusCode: 400,
      code: "BadRequest",
      message: expect.stringContaining(says),
    });
    const at = "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01";
    expect((await cloud.call("POST", at, { query })).body).toMatchObject({
      error: { details: [{ code: "InvalidQuery" }, { code: "ParserFailure", token }] },
    });
  });

  test("says where it fails: line and position", async () => {
    const at = "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01";
    const query = "securityresources\n| where type == 'a'\n| join kind=inner (x) on id";
    expect((await cloud.call("POST", at, { query })).body).toMatchObject({
      error: { details: [{}, { line: 3, characterPositionInLine: 2, token: "join" }] },
    });
  });

  test.each([
    { where: "properties.status.severity in ('High', 'Critical')", count: 1 },
    { where: "properties.status.severity in~ ('high')", count: 1 },
    { where: "not(properties.status.code == 'Unhealthy')", count: 0 },
    { where: "properties['status']['code'] != 'Healthy' and isnotempty(properties.id)", count: 1 },
    { where: "properties.additionalData.cvssV30Score >= 7 or false", count: 1 },
    { where: "properties.additionalData.cvssV30Score > 7.5", count: 0 },
    { where: "properties.id startswith 'cve-2022' // a comment", count: 1 },
  ])("with where $where finds $count", async ({ where, count }) => {
    await find({});
    const query = `securityresources | where type endswith "subassessments" | where ${where}`;
    expect((await ask(query)).count).toBe(count);
  });
});
