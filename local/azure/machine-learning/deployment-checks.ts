import { type DeploymentProperties, MAX_REQUEST_TIMEOUT_MS } from "./deployment.ts";
import { readDuration } from "./duration.ts";
import type { EndpointProperties } from "./endpoint.ts";
import { checkSize, MANAGED_SIZES } from "./machines.ts";
import { parseReference } from "./reference.ts";
import { invalid } from "./refusal.ts";
import type { Resource } from "./resource.ts";

/** A deployment is on what its endpoint is on; on a cluster their names share a limit. */
export function checkTarget(
  { name, properties }: Resource<EndpointProperties>,
  deployment: string,
  type: "Managed" | "Kubernetes",
): void {
  const expected = properties.compute ? "Kubernetes" : "Managed";
  if (type !== expected) {
    throw invalid(
      `properties.endpointComputeType is ${type}, expected ${expected}: that is what endpoint '${name}' is on.`,
    );
  }
  const length = name.length + deployment.length;
  if (type === "Kubernetes" && (length < 6 || length > 62)) {
    throw invalid(
      `The names '${name}' and '${deployment}' have ${length} characters, expected 6 to 62 in all.`,
    );
  }
}

/**
 * What a deployment may be asked to be.
 *
 * @param before - what it is, when it is there
 * @returns what was given
 * @throws a refusal that names the field and what was expected
 */
export function checkProperties<P extends Partial<DeploymentProperties>>(
  given: P,
  before: DeploymentProperties | undefined,
): P {
  if (given.model && !parseReference(given.model)) {
    throw invalid(
      `properties.model is '${given.model}', expected the id of a model version or azureml:name:version.`,
    );
  }
  if (before?.instanceType && given.instanceType !== before.instanceType) {
    throw invalid(
      `properties.instanceType is '${given.instanceType}', expected '${before.instanceType}': it cannot be changed after creation.`,
    );
  }
  if (given.instanceType && given.endpointComputeType !== "Kubernetes")
    checkSize("properties.instanceType", given.instanceType, MANAGED_SIZES);
  const longest = MAX_REQUEST_TIMEOUT_MS[given.endpointComputeType ?? "Managed"];
  const timeout = given.requestSettings?.requestTimeout;
  if (timeout && readDuration("properties.requestSettings.requestTimeout", timeout) > longest) {
    throw invalid(
      `properties.requestSettings.requestTimeout is ${timeout}, expected at most PT${longest / 1000}S.`,
    );
  }
  return given;
}
