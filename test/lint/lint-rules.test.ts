import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const run = promisify(execFile);
const biome = resolve("node_modules/.bin/biome");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lint-"));
  await cp("lint", join(folder, "lint"), { recursive: true });
  const { vcs: _, ...config } = JSON.parse(await readFile("biome.json", "utf8"));
  await writeFile(join(folder, "biome.json"), JSON.stringify({ ...config, $schema: undefined }));
});

afterAll(() => rm(folder, { recursive: true }));

/** What the lint step says of one file, by the rules of this repository. */
async function complaints(path: string, code: string): Promise<string> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), code);
  const options = { cwd: folder };
  return run(biome, ["lint", path], options).then(
    ({ stdout, stderr }) => stdout + stderr,
    (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
  );
}

test.each([
  ["the clock", "export const at = Date.now();"],
  ["the time of day", "export const at = new Date();"],
  ["chance", "export const luck = Math.random();"],
  ["the environment", "export const home = process.env.HOME;"],
  ["the network", "export const page = fetch('http://localhost');"],
])("refuses an orchestrator that looks at %s", async (_, code) => {
  expect(await complaints("orchestrations/sample/orchestrator.ts", code)).toContain("must be pure");
});

test("lets an activity look at the clock", async () => {
  const code = "export const at = Date.now();";
  expect(await complaints("orchestrations/sample/activities.ts", code)).not.toContain("must be pure");
});

test.each([
  ["an orchestration that imports a door", "orchestrations/a.ts", "../functions/services.ts"],
  ["shared code that imports an orchestration", "shared/a.ts", "../orchestrations/durable.ts"],
  ["shared code that imports an Azure client past its adapter", "shared/ledger/a.ts", "@azure/data-tables"],
  ["an adapter that imports its users", "shared/azure/a.ts", "../ledger/ledger.ts"],
  ["a door that imports the stand-in world", "functions/a.ts", "../local/clock.ts"],
  ["a stand-in that imports the product", "local/azure/a.ts", "../../shared/errors.ts"],
])("refuses %s", async (_, path, specifier) => {
  const code = `import { thing } from "${specifier}";\nexport const used = thing;\n`;
  expect(await complaints(path, code)).toContain("noRestrictedImports");
});

test("lets a door import an orchestration, and an adapter its client", async () => {
  const door =
    'import { promotion } from "../orchestrations/promotion/orchestrator.ts";\nexport { promotion };\n';
  const adapter = 'import { TableClient } from "@azure/data-tables";\nexport { TableClient };\n';
  expect(await complaints("functions/b.ts", door)).not.toContain("noRestrictedImports");
  expect(await complaints("shared/azure/b.ts", adapter)).not.toContain("noRestrictedImports");
});
