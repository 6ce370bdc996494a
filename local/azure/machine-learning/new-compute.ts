import type { ComputeBody, ComputeProperties } from "./compute.ts";
import type { Context } from "./context.ts";
import { PROVIDER, type Resource, systemData } from "./resource.ts";

/** A compute as a PUT writes it; what is there already keeps its name, its age and its state. */
export function newCompute(
  { clock, location }: Pick<Context, "clock" | "location">,
  { id, name, before }: { id: string; name: string; before: Resource<ComputeProperties> | undefined },
  body: ComputeBody,
  provisioningState: ComputeProperties["provisioningState"],
): Resource<ComputeProperties> {
  const now = new Date(clock.now()).toISOString();
  const { computeType } = body.properties;
  const kept = computeType === "ComputeInstance" ? before?.properties.properties : {};
  return {
    id: before?.id ?? id,
    name: before?.name ?? name,
    type: `${PROVIDER}/workspaces/computes`,
    location: body.location ?? location,
    tags: body.tags ?? {},
    ...(body.identity && { identity: body.identity }),
    ...(body.sku && { sku: body.sku }),
    properties: {
      ...body.properties,
      ...(body.properties.properties && { properties: { ...kept, ...body.properties.properties } }),
      provisioningState,
      createdOn: before?.properties.createdOn ?? now,
      modifiedOn: now,
      isAttachedCompute: computeType === "Kubernetes",
    },
    systemData: systemData(clock.now(), before?.systemData),
  };
}
