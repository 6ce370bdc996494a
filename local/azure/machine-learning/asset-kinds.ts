import * as z from "zod";
import { parseReference } from "./reference.ts";

/** Kinds of versioned assets, named as in their URL. */
export const ASSET_KINDS = ["models", "data", "environments", "codes", "components"] as const;
export type AssetKind = (typeof ASSET_KINDS)[number];

const text = z.string().nullish();
const dictionary = z.record(z.string(), z.string().nullable()).nullish();

/** What every asset version has, and what of it may change later. */
const base = {
  description: text,
  tags: dictionary,
  properties: dictionary,
  isArchived: z.boolean().nullish(),
  /** Since 2023-04-01, e.g. `Production`. */
  stage: text,
};
const MUTABLE: readonly string[] = Object.keys(base);

const uri = z.string().refine((value) => parseReference(value) !== undefined, {
  message:
    "expected an azureml://datastores/…/paths/… or azureml://jobs/…/outputs/…/paths/… address, an asset reference, or file://…",
});

function version<S extends z.ZodRawShape>(shape: S) {
  return z.looseObject({
    properties: z.looseObject({ ...base, isAnonymous: z.boolean().nullish(), ...shape }),
  });
}

/** What a PUT of a version must bring, by kind. */
export const VERSION_BODIES: Record<AssetKind, z.ZodType<{ properties: AssetProperties }>> = {
  models: version({
    modelUri: uri,
    modelType: text,
    jobName: text,
    flavors: z.record(z.string(), z.unknown()).nullish(),
  }),
  data: version({ dataType: z.enum(["uri_file", "uri_folder", "mltable"]), dataUri: uri }),
  environments: version({
    image: text,
    condaFile: text,
    build: z.looseObject({ contextUri: z.string() }).nullish(),
  }),
  codes: version({ codeUri: uri }),
  components: version({ componentSpec: z.looseObject({}) }),
};

export const CONTAINER_BODY = z.looseObject({ properties: z.looseObject(base) });

export interface AssetProperties {
  readonly description?: string | null | undefined;
  readonly tags?: Readonly<Record<string, string | null>> | null | undefined;
  readonly properties?: Readonly<Record<string, string | null>> | null | undefined;
  readonly isArchived?: boolean | null | undefined;
  readonly modelUri?: string | undefined;
  readonly dataType?: string | undefined;
  readonly dataUri?: string | undefined;
  readonly codeUri?: string | undefined;
  readonly stage?: string | null | undefined;
  readonly provisioningState?: string | undefined;
  readonly componentSpec?: object | undefined;
}

/** The part of a version that must stay as it was made. */
export function contentOf(properties: object): object {
  return Object.fromEntries(
    Object.entries(properties).filter(([name, value]) => !MUTABLE.includes(name) && value !== null),
  );
}

/** What the service adds when the caller left it out. */
export function withDefaults(kind: AssetKind, properties: AssetProperties): AssetProperties {
  const more = kind === "environments" ? { environmentType: "UserCreated", osType: "Linux" } : {};
  const filled = { isAnonymous: false, isArchived: false, tags: {}, properties: {}, ...more };
  const given = Object.entries(properties).filter(([, value]) => value !== null);
  return { ...filled, ...Object.fromEntries(given) };
}
