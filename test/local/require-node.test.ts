import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

/** Runs the check as if the given Node ran it. */
function runOn(version: string) {
  const pretend = `Object.defineProperty(process.versions, "node", { value: "${version}" });`;
  const args = ["--import", `data:text/javascript,${encodeURIComponent(pretend)}`, "local/require-node.js"];
  return spawnSync(process.execPath, args, { encoding: "utf8" });
}

test.each(["20.20.2", "22.17.9"])("says plainly that Node %s is too old, and what to do", (version) => {
  const { status, stderr } = runOn(version);
  expect(status).toBe(1);
  expect(stderr).toMatch(
    new RegExp(`^Node ${version} runs this, expected 22.18 or later\\. \`npm ci\` brings one`),
  );
});

test.each(["22.18.0", "24.0.0"])("says nothing on Node %s", (version) => {
  expect(runOn(version)).toMatchObject({ status: 0, stderr: "" });
});
