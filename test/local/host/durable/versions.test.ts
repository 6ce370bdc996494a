import { expect, test } from "vitest";
import { compareVersions, isVersionMatch } from "../../../../local/host/durable/versions.ts";
import { openHarness, orchestrator } from "./harness.ts";

const child = orchestrator(function* (context) {
  return context.df.version;
});
const parent = orchestrator(function* (context) {
  const inherited: unknown = yield context.df.callSubOrchestrator(child);
  return [context.df.version, inherited];
});

test("58 the default version is the instance's and its children's, unless one is given", async () => {
  const host = await openHarness({ config: { defaultVersion: "2.0" } });
  expect((await host.run(parent)).output).toEqual(["2.0", "2.0"]);
  await host.client.startNew(parent, { instanceId: "x", version: "1.5" });
  await host.settle();
  expect((await host.status("x")).output).toEqual(["1.5", "2.0"]);
});

test("59 a newer version than the host's is left alone, or fails when it is told to", async () => {
  const patient = await openHarness({ config: { defaultVersion: "2.0" } });
  await patient.client.startNew(child, { instanceId: "x", version: "2.1" });
  await patient.settle();
  expect((await patient.status("x")).runtimeStatus).toBe("Pending");
  expect(patient.logs.join()).toContain("VersionMismatch");
  const strategies = { versionMatchStrategy: "Strict", versionFailureStrategy: "Fail" };
  const strict = await openHarness({ config: { defaultVersion: "2.0", ...strategies } });
  await strict.client.startNew(child, { instanceId: "x", version: "1.9" });
  await strict.settle();
  expect(await strict.status("x")).toMatchObject({
    runtimeStatus: "Failed",
    output: expect.stringContaining("VersionMismatch"),
  });
});

test.each([
  ["", "", 0],
  ["", "1.0", -1],
  ["1.10", "1.9", 1],
  ["1.0", "1.0", 0],
  ["Beta", "beta", 0],
  ["alpha", "beta", -1],
])("compares version '%s' with '%s' as %i", (a, b, order) => {
  expect(compareVersions(a, b)).toBe(order);
});

test("without a default version every version runs", () => {
  expect(isVersionMatch("9.9", { defaultVersion: "", versionMatchStrategy: undefined })).toBe(true);
});
