import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { AssetKind, AssetProperties } from "./asset-kinds.ts";
import type { Assets } from "./assets.ts";
import { type Context, folderOf, guidOf } from "./context.ts";
import type { JobProperties } from "./job-definition.ts";
import { type AssetReference, LATEST, parseReference, type RegistryReference } from "./reference.ts";
import { invalid } from "./refusal.ts";

/** The one store a workspace has here; its name in the real service for the workspace's own blob container. */
const DATASTORE = "workspaceblobstore";
/** An asset may point at an asset; more hops than this are a circle. */
const MAX_HOPS = 8;

/** Finds where things that have an address lie on this disk. */
export class Paths {
  readonly #context: Context;
  readonly #assets: Assets;

  constructor(context: Context, assets: Assets) {
    this.#context = context;
    this.#assets = assets;
  }

  datastore(workspace: string): string {
    return join(folderOf(this.#context, workspace), "datastore");
  }

  job(workspace: string, name: string): string {
    return join(folderOf(this.#context, workspace), "jobs", name);
  }

  /**
   * The local path of an address; whether something lies there is not looked at.
   *
   * @param kind - what a short reference (`azureml:{name}:{version}`) names
   * @throws {Refusal} 400 saying what the address leads to, and why it ends there
   */
  resolve(workspace: string, uri: string, kind: AssetKind, hops = 0): string {
    if (hops > MAX_HOPS)
      throw invalid(`'${uri}' leads through more than ${MAX_HOPS} assets, expected a place.`);
    const reference = parseReference(uri);
    switch (reference?.type) {
      case "file":
        return fileURLToPath(reference.url);
      case "datastore":
        if (reference.datastore.toLowerCase() !== DATASTORE) {
          throw invalid(`'${uri}' names datastore '${reference.datastore}', expected ${DATASTORE}.`);
        }
        return inside(this.datastore(workspace), reference.path, uri);
      case "job-output":
        return inside(
          this.#jobOutput(workspace, reference.job, reference.output, uri, hops),
          reference.path,
          uri,
        );
      case "asset": {
        const place = placeOf(this.#asset(workspace, reference, kind, uri));
        return this.resolve(workspace, place, reference.kind ?? kind, hops + 1);
      }
      case "registry":
        return this.#inRegistry(workspace, reference, uri, hops);
      default:
        throw invalid(
          `'${uri}' is no address that can be read here, expected an azureml: reference or azureml:// address.`,
        );
    }
  }

  #asset(workspace: string, reference: AssetReference, expected: AssetKind, uri: string): AssetProperties {
    const { name, version, kind = expected } = reference;
    if (!isOwn(workspace, reference)) {
      throw invalid(
        `'${uri}' is in workspace '${reference.workspace}', expected one of workspace '${nameOf(workspace)}', or of a registry.`,
      );
    }
    const found = this.#assets.find(workspace, kind, name, version);
    if (found) return found.resource.properties;
    const wanted = version === LATEST ? "version at all" : `version '${version}'`;
    throw invalid(`'${uri}' names ${kind}/${name}, which has no ${wanted} in this workspace.`, "NotFound");
  }

  /** What is published lies where it was copied to when it was: the registry needs no workspace. */
  #inRegistry(workspace: string, reference: RegistryReference, uri: string, hops: number): string {
    const found = this.#assets.locate(workspace, reference, reference.kind);
    if (!found) throw invalid(`'${uri}' is in no registry here.`, "NotFound");
    return this.resolve(workspace, placeOf(found.resource.properties), reference.kind, hops + 1);
  }

  #jobOutput(workspace: string, job: string, output: string, uri: string, hops: number): string {
    const found = this.#context.store.get<JobProperties>(`${workspace}/jobs/${job}`);
    if (!found)
      throw invalid(`'${uri}' names job '${job}', which does not exist in this workspace.`, "NotFound");
    const outputs = Object.entries(found.resource.properties.outputs ?? {});
    const declared = outputs.find(([name]) => name.toLowerCase() === output.toLowerCase());
    if (!declared) {
      const names = outputs.map(([name]) => name).join(", ") || "none";
      throw invalid(
        `'${uri}' names output '${output}' of job '${job}', expected one of its outputs: ${names}.`,
      );
    }
    return this.output(workspace, found.resource.name, declared[0], declared[1]?.uri ?? undefined, hops);
  }

  /** Where a job writes an output: where it asked to, or below its own folder. */
  output(workspace: string, job: string, name: string, uri: string | undefined, hops = 0): string {
    return uri
      ? this.resolve(workspace, uri, "data", hops + 1)
      : join(this.job(workspace, job), "outputs", name);
  }
}

/** Whether a reference stays in the workspace. The long form names that by its id, which is none of its names. */
export function isOwn(workspace: string, { workspace: named }: AssetReference): boolean {
  return !named || named === guidOf(workspace) || named.toLowerCase() === nameOf(workspace).toLowerCase();
}

const nameOf = (workspace: string): string => workspace.slice(workspace.lastIndexOf("/") + 1);

function placeOf(properties: AssetProperties): string {
  return properties.modelUri ?? properties.dataUri ?? properties.codeUri ?? "";
}

function inside(folder: string, path: string, uri: string): string {
  const full = join(folder, decodeURIComponent(path));
  if (full !== folder && full !== folder + sep && !full.startsWith(folder + sep)) {
    throw invalid(`'${uri}' leads out of its store, expected a path below it.`);
  }
  return full.replace(/[/\\]$/, "");
}
