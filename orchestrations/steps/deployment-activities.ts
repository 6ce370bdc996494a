import * as z from "zod";
import { activity } from "../durable.ts";

const Endpoint = z.object({ endpoint: z.string() });
const Deployment = z.object({ endpoint: z.string(), deployment: z.string() });
export const Provisioning = z.object({ provisioningState: z.string() });

/** Safe to repeat: an endpoint that is there stays as it is. */
export const ensureEndpoint = activity(
  "ensureEndpoint",
  Endpoint,
  z.null(),
  ({ endpoint }) => `Make sure that endpoint ${endpoint} exists`,
  async ({ endpoint }, { endpoints }) => {
    await endpoints.ensure(endpoint);
    return null;
  },
);

/** Reading changes nothing. */
export const readEndpoint = activity(
  "readEndpoint",
  Endpoint,
  Provisioning.extend({ traffic: z.record(z.string(), z.number()) }),
  ({ endpoint }) => `Look at endpoint ${endpoint}`,
  async ({ endpoint }, { endpoints }) => {
    const found = await endpoints.get(endpoint);
    return found
      ? { provisioningState: found.provisioningState, traffic: { ...found.traffic } }
      : { provisioningState: "Missing", traffic: {} };
  },
);

/** Safe to repeat: a deployment that is there stays as it is. */
export const ensureDeployment = activity(
  "ensureDeployment",
  Deployment.extend({
    operation: z.string(),
    model: z.string(),
    version: z.string(),
    instanceType: z.string(),
    instanceCount: z.int(),
  }),
  z.null(),
  ({ endpoint, deployment, version }) =>
    `Deploy version ${version} as ${deployment} on ${endpoint}, without traffic`,
  async (input, { endpoints, machineLearning }) => {
    const { endpoint, deployment, operation, model, version, instanceType, instanceCount } = input;
    await endpoints.ensureDeployment({
      endpoint,
      deployment,
      modelId: machineLearning.modelId(model, version),
      instanceType,
      instanceCount,
      tags: { operation, version },
    });
    return null;
  },
);

/** Reading changes nothing. */
export const readDeployment = activity(
  "readDeployment",
  Deployment,
  Provisioning,
  ({ endpoint, deployment }) => `Look at deployment ${deployment} on ${endpoint}`,
  async ({ endpoint, deployment }, { endpoints }) =>
    (await endpoints.getDeployment(endpoint, deployment)) ?? { provisioningState: "Missing" },
);

/** Safe to repeat: a deployment that is gone is what was asked for. */
export const deleteDeployment = activity(
  "deleteDeployment",
  Deployment,
  z.null(),
  ({ endpoint, deployment }) => `Remove deployment ${deployment} from ${endpoint}`,
  async ({ endpoint, deployment }, { endpoints }) => {
    await endpoints.deleteDeployment(endpoint, deployment);
    return null;
  },
);
