import { expect, test } from "vitest";
import { deploymentName, instanceId } from "../../../shared/operations/instance-id.ts";

test("gives the same id for the same subject", () => {
  expect(instanceId("promotion", "weather-max", "2")).toBe("promotion-weather-max-2");
});

test("keeps to characters that travel in a URL, and tells apart what they would make equal", () => {
  const slash = instanceId("promotion", "a/b", "1");
  expect(slash).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(slash).not.toBe(instanceId("promotion", "a_b", "1"));
  expect(slash).not.toBe(instanceId("promotion", "a?b", "1"));
});

test("stays within 100 characters", () => {
  expect(instanceId("promotion", "m".repeat(300), "v".repeat(300)).length).toBeLessThanOrEqual(100);
});

test.each([
  ["2", "version-2"],
  ["2.1", "version-2-1"],
])("names the deployment of version %s %s", (version, name) => {
  expect(deploymentName("version", version)).toBe(name);
});

test("keeps a deployment's name within 32 characters", () => {
  expect(deploymentName("version", "9".repeat(60))).toHaveLength(32);
});
