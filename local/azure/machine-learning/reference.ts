import type { AssetKind } from "./asset-kinds.ts";

/** Where something is: an asset version by name, a place in a store or in a job's outputs, or a local path. */
export type Reference =
  | AssetReference
  | { readonly type: "datastore"; readonly datastore: string; readonly path: string }
  | { readonly type: "job-output"; readonly job: string; readonly output: string; readonly path: string }
  | RegistryReference
  | { readonly type: "file"; readonly url: string };

export interface AssetReference {
  readonly type: "asset";
  readonly kind?: AssetKind;
  readonly name: string;
  readonly version: string;
  /** Name of the workspace, where the reference tells it. */
  readonly workspace?: string;
}

export interface RegistryReference {
  readonly type: "registry";
  readonly registry: string;
  readonly kind: AssetKind;
  readonly name: string;
  readonly version: string;
}

/** Stands for the newest version of an asset. */
export const LATEST = "@latest";

const KINDS = "models|data|environments|codes|components";
const FORMS = {
  registry: new RegExp(
    `^(?:azureml:/|/subscriptions/.+)/registries/([^/]+)/(${KINDS})/([^/]+)/(versions|labels)/([^/]+)$`,
    "i",
  ),
  datastore: /^azureml:\/\/(?:subscriptions\/.+\/workspaces\/[^/]+\/)?datastores\/([^/]+)\/paths\/?(.*)$/i,
  jobOutput:
    /^azureml:\/\/(?:subscriptions\/.+\/workspaces\/[^/]+\/)?jobs\/([^/]+)\/outputs\/([^/]+)(?:\/paths)?\/?(.*)$/i,
  longId: new RegExp(
    `^azureml://(?:locations|subscriptions)/.+/workspaces/([^/]+)/(${KINDS})/([^/]+)/versions/([^/]+)$`,
    "i",
  ),
  armId: new RegExp(
    `^(?:azureml:)?/subscriptions/.+/workspaces/([^/]+)/(${KINDS})/([^/]+)/versions/([^/]+)$`,
    "i",
  ),
  latest: /^(?:azureml:)([^/:@]+)@latest$/i,
  short: /^(?:azureml:)([^/:@]+):([^/:@]+)$/i,
};

/** Reads any of the forms in which the service names things; `undefined` when it is none of them. */
export function parseReference(text: string): Reference | undefined {
  if (/^file:\/\//i.test(text)) return URL.canParse(text) ? { type: "file", url: text } : undefined;
  const registry = FORMS.registry.exec(text);
  if (registry) {
    const [, name = "", kind, asset = "", by = "", version = ""] = registry;
    const wanted = by.toLowerCase() === "versions" ? version : `@${version}`;
    return { type: "registry", registry: name, kind: kindOf(kind), name: asset, version: wanted };
  }
  const datastore = FORMS.datastore.exec(text);
  if (datastore) return { type: "datastore", datastore: datastore[1] ?? "", path: datastore[2] ?? "" };
  const output = FORMS.jobOutput.exec(text);
  if (output)
    return { type: "job-output", job: output[1] ?? "", output: output[2] ?? "", path: output[3] ?? "" };
  const id = FORMS.armId.exec(text) ?? FORMS.longId.exec(text);
  if (id) {
    const [, workspace = "", kind, name = "", version = ""] = id;
    return { type: "asset", kind: kindOf(kind), name, version, workspace };
  }
  const latest = FORMS.latest.exec(text);
  if (latest) return { type: "asset", name: latest[1] ?? "", version: LATEST };
  const short = FORMS.short.exec(text);
  if (short) return { type: "asset", name: short[1] ?? "", version: short[2] ?? "" };
  return undefined;
}

function kindOf(segment: string | undefined): AssetKind {
  const kind = segment?.toLowerCase();
  if (kind === "data" || kind === "environments" || kind === "codes" || kind === "components") return kind;
  return "models";
}
