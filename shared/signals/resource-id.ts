import type { Subject } from "./signal.ts";

const SEGMENT = {
  workspace: "workspaces",
  endpoint: "onlineendpoints",
  batchEndpoint: "batchendpoints",
  deployment: "deployments",
} as const;

/**
 * What of Azure ML a resource id names. Ids compare without regard to case; the original spelling is kept.
 * An id of anything else becomes `resource`.
 */
export function subjectOf(resourceId: string | undefined): Subject {
  if (resourceId === undefined || resourceId === "") return {};
  const provider = /^.*?\/providers\/microsoft\.machinelearningservices(?=\/)/i.exec(resourceId)?.[0];
  if (provider === undefined) return { resource: resourceId };
  const segments = resourceId.slice(provider.length + 1).split("/");
  const named = (type: string) => {
    const at = segments.findIndex((segment, index) => index % 2 === 0 && segment.toLowerCase() === type);
    return at < 0 ? undefined : segments[at + 1];
  };
  const workspace = named(SEGMENT.workspace);
  if (!workspace) return { resource: resourceId };
  const endpoint = named(SEGMENT.endpoint) ?? named(SEGMENT.batchEndpoint);
  const deployment = named(SEGMENT.deployment);
  return {
    workspace: `${provider}/${segments[0]}/${workspace}`,
    ...(endpoint ? { endpoint } : {}),
    ...(deployment ? { deployment } : {}),
  };
}

/** A resource id or a name as a key: Azure spells the same one in different cases. */
export const foldCase = (text: string): string => text.toLowerCase();
