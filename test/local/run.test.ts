import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

/** A TypeScript program, and how to run it with arguments, as if by the given Node. */
function program(text: string, version = process.versions.node) {
  const folder = mkdtempSync(join(tmpdir(), "outerloop-run-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "program.ts");
  writeFileSync(file, text);
  const pretend = `Object.defineProperty(process.versions, "node", { value: "${version}" });`;
  const before = ["--import", `data:text/javascript,${encodeURIComponent(pretend)}`];
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [...before, "local/run.js", file, ...args], { encoding: "utf8" });
  return { file, run };
}

test("a program has the arguments that it would have if it were run by itself", () => {
  const { file, run } = program("console.log(JSON.stringify(process.argv.slice(1)));");
  expect(JSON.parse(run("--port", "0").stdout)).toEqual([file, "--port", "0"]);
});

test("a program's failure is the command's", () => {
  const { run } = program('const word: string = "no"; process.stderr.write(word); process.exit(3);');
  expect(run()).toMatchObject({ status: 3, stderr: "no" });
});

test("nothing is run on a Node that is too old", () => {
  const { status, stdout, stderr } = program('console.log("run")', "20.1.0").run();
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toContain("Node 20.1.0 runs this, expected 22.18 or later");
});
