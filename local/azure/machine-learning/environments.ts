import type { Assets } from "./assets.ts";
import { isOwn } from "./paths.ts";
import { parseReference } from "./reference.ts";
import { invalid } from "./refusal.ts";

/** Microsoft's own registry: curated environments are there in every tenant, and none of them is kept here. */
const CURATED_REGISTRY = "azureml";
/**
 * Names that no customer may give, as the workspace shows those of the curated registry.
 *
 * @see Microsoft Learn, "How to use environments": curated environments begin with AzureML
 */
const CURATED_NAME = /^AzureML-/i;

/** What the service's own jobs run in. */
export const curated = (name: string): string =>
  `azureml://registries/${CURATED_REGISTRY}/environments/${name}/versions/1`;

/**
 * A job or deployment runs in an environment that is there.
 *
 * @throws {Refusal} 400 in the service's own words
 * @see Azure/azure-sdk-for-python issue 38594: UserError, "No environment exists for name: …, version: …, label: "
 */
export function checkEnvironment(assets: Assets, workspace: string, field: string, id: string): void {
  const reference = parseReference(id);
  if (reference?.type !== "asset" && reference?.type !== "registry") {
    throw invalid(
      `${field} is '${id}', expected the id of an environment version, azureml:name:version or azureml:name@latest.`,
    );
  }
  const { name, version, kind = "environments" } = reference;
  if (kind !== "environments") throw invalid(`${field} is '${id}', expected an environment, found ${kind}.`);
  if (reference.type === "registry" ? reference.registry === CURATED_REGISTRY : CURATED_NAME.test(name))
    return;
  const isElsewhere = reference.type === "asset" && !isOwn(workspace, reference);
  if (!isElsewhere && assets.locate(workspace, reference, "environments")) return;
  const [exact, label] = version.startsWith("@") ? ["", version.slice(1)] : [version, ""];
  throw invalid(
    `No environment exists for name: ${name}, version: ${exact}, label: ${label}. ${field} is '${id}', expected one that is registered.`,
    "NotFound",
  );
}
