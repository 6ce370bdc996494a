import { randomBytes } from "node:crypto";
import { fixedPart, type JobDefinition, type JobProperties, type JobSecrets } from "./job-definition.ts";
import { PROVIDER, type Resource, systemData } from "./resource.ts";

const DEFAULT_EXPERIMENT = "Default";

/** A job as it is first written: NotStarted, with what the service adds to what was submitted. */
export function newJob(
  {
    workspace,
    name,
    origin,
    now,
  }: { readonly workspace: string; readonly name: string; readonly origin: string; readonly now: number },
  definition: JobDefinition,
  step?: JobSecrets["step"],
): { job: Resource<JobProperties>; hidden: JobSecrets } {
  const job: Resource<JobProperties> = {
    id: `${workspace}/jobs/${name}`,
    name,
    type: `${PROVIDER}/workspaces/jobs`,
    properties: withDefaults(workspace, name, origin, definition),
    systemData: systemData(now),
  };
  const token = randomBytes(24).toString("base64url");
  return { job, hidden: { submitted: fixedPart(definition), origin, token, ...(step && { step }) } };
}

function withDefaults(
  workspace: string,
  name: string,
  origin: string,
  definition: JobDefinition,
): JobProperties {
  const given = Object.entries(definition).filter(([, value]) => value !== null && value !== undefined);
  const host = origin.replace(/^https?:\/\//, "");
  const studio = `https://ml.azure.com/runs/${name}?wsid=${workspace}`;
  return {
    // Twice, for the type: the second leaves out what is null.
    ...definition,
    ...Object.fromEntries(given),
    displayName: definition.displayName ?? name,
    experimentName: definition.experimentName ?? DEFAULT_EXPERIMENT,
    tags: definition.tags ?? {},
    properties: definition.properties ?? {},
    isArchived: definition.isArchived ?? false,
    status: "NotStarted",
    services: {
      Tracking: { jobServiceType: "Tracking", endpoint: `azureml://${host}/mlflow/v1.0${workspace}?` },
      Studio: { jobServiceType: "Studio", endpoint: studio },
    },
  };
}
