import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { AT } from "./identity.ts";
import type { Fixture } from "./setup.ts";

/** Doubles the first column, and counts its calls, so that shared state would show. */
const DOUBLE = `
let calls = 0;
export async function load() {
  return async ({ input_data: { data } }) => {
    calls += 1;
    if (data[0][0] === "slow") await new Promise(() => {});
    if (data[0][0] === "bad") throw new Error("cannot double 'bad'");
    if (data[0][0] === "count") return [calls];
    return data.map(([value]) => value * 2);
  };
}
`;

let made = 0;

/** A model folder in the fixture's datastore; answers its address. */
export async function newModel(fixture: Pick<Fixture, "data">, source = DOUBLE): Promise<string> {
  made += 1;
  const folder = path.join(fixture.data, "datastore", "models", `m${made}`);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, "MLmodel"), "flavors:\n  node_function:\n    loader: score.js\n");
  await writeFile(path.join(folder, "score.js"), source);
  await writeFile(path.join(folder, "package.json"), '{ "type": "module" }');
  return `azureml://datastores/workspaceblobstore/paths/models/m${made}`;
}

/** Registers a version and answers its resource id. */
export async function registerModel(
  fixture: Fixture,
  name: string,
  version: string,
  uri: string,
): Promise<string> {
  const { id } = await fixture.client.modelVersions.createOrUpdate(...AT, name, version, {
    properties: { modelUri: uri, modelType: "mlflow_model" },
  });
  return id ?? "";
}
