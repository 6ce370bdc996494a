import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { loadValidator } from "./validator.ts";

const validator = loadValidator();
const AT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w";
const EXAMPLES = path.join(
  import.meta.dirname,
  "machinelearning-2022-10-01/specification/machinelearningservices/resource-manager",
  "Microsoft.MachineLearningServices/stable/2022-10-01/examples",
);

const example = (file: string) => JSON.parse(readFileSync(path.join(EXAMPLES, file), "utf8"));

test.each([
  { file: "Job/CommandJob/createOrUpdate.json", method: "PUT", at: "/jobs/j" },
  { file: "Job/PipelineJob/createOrUpdate.json", method: "PUT", at: "/jobs/j" },
  { file: "ModelVersion/createOrUpdate.json", method: "PUT", at: "/models/m/versions/1" },
  { file: "OnlineEndpoint/createOrUpdate.json", method: "PUT", at: "/onlineEndpoints/e" },
  { file: "OnlineEndpoint/listKeys.json", method: "POST", at: "/onlineEndpoints/e/listKeys" },
  {
    file: "OnlineDeployment/ManagedOnlineDeployment/createOrUpdate.json",
    method: "PUT",
    at: "/onlineEndpoints/e/deployments/d",
  },
  { file: "Schedule/createOrUpdate.json", method: "PUT", at: "/schedules/s" },
  { file: "Workspace/get.json", method: "GET", at: "" },
  { file: "Compute/list.json", method: "GET", at: "/computes" },
])("accepts the official example $file", ({ file, method, at }) => {
  const { parameters, responses } = example(file);
  for (const [status, response] of Object.entries<{ body?: unknown }>(responses)) {
    const exchange = { method, path: `${AT}${at}`, requestBody: parameters.body, status: Number(status) };
    expect(validator.problems({ ...exchange, responseBody: response.body })).toEqual([]);
  }
});

test.each([
  { what: "an asset input without uri", change: { inputs: { a: { jobInputType: "uri_file" } } } },
  { what: "a job without command", change: { command: undefined } },
  { what: "a status that is not documented", change: { status: "Bogus" } },
])("refuses $what", ({ change }) => {
  const { responses } = example("Job/CommandJob/createOrUpdate.json");
  const body = responses["200"].body;
  const changed = { ...body, properties: { ...body.properties, ...change } };
  const exchange = { method: "PUT", path: `${AT}/jobs/j`, requestBody: body, status: 200 };
  expect(validator.problems({ ...exchange, responseBody: JSON.parse(JSON.stringify(changed)) })).not.toEqual([]);
});

test("refuses mirrorTraffic, which this version does not know", () => {
  const { parameters, responses } = example("OnlineEndpoint/createOrUpdate.json");
  const requestBody = { ...parameters.body, properties: { ...parameters.body.properties, mirrorTraffic: { a: 5 } } };
  const exchange = { method: "PUT", path: `${AT}/onlineEndpoints/e`, requestBody, status: 200 };
  expect(validator.problems({ ...exchange, responseBody: responses["200"].body })).not.toEqual([]);
});
